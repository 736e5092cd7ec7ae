from .log import Event as Event
from .log import EventLog as EventLog
from .log import read_log as read_log
from .result import DrillResult as DrillResult
from .run import run_drill as run_drill
from .scoring import Scores as Scores
