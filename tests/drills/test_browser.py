"""The report as a browser shows it: whole, with its pictures, and without asking anybody for anything."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.browser

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium installed")
def test_the_report_is_whole_in_a_browser(played, tmp_path) -> None:
    page = played["plan"].report(tmp_path / "report.html")
    log = tmp_path / "net.json"
    shown = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--log-net-log={log}", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    for heading in ("Timeline", "时间线", "Expectations", "评估项目"):
        assert heading in shown
    assert shown.count("data:image/png;base64,") >= 3
    # the page asks for its own file and nothing else; Chromium itself looks for Google's hosts when it starts
    asked = set(re.findall(r'"url":"((?:https?|file):[^"]*)"', log.read_text(encoding="utf-8", errors="replace")))
    assert not {url for url in asked if url.startswith("http") and "google" not in url}, asked
    source = page.read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)\s*=\s*[\"']\s*(?:https?:)?//", source)
