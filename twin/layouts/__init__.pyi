from . import geojson as geojson
from .mapping import AttributeRule as AttributeRule
from .mapping import LayoutMapping as LayoutMapping
from .mapping import read_mapping as read_mapping
from .scan import MAX_BYTES as MAX_BYTES
