"""How much memory something takes."""

from pathlib import Path


def memory_growth(function, process="self"):
    """Call a function; how much memory a process took at its peak, in MB."""
    before = _memory(process, "VmRSS")
    Path(f"/proc/{process}/clear_refs").write_text("5")  # forget the peak
    function()
    return (_memory(process, "VmHWM") - before) / 1024


def _memory(process, name):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
