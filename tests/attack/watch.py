"""What the processes under attack use: memory, as its peak, and processor time. Who takes too much of the machine is ended."""

import os
import pathlib
import threading

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
EVERY = 0.03
GUARD_MIB = 1800  # of all processes together: an attack that is not stopped by what it attacks is stopped here


def resident_mib(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_MIB
    except (OSError, IndexError):
        return 0


def cpu_seconds(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0


class Watch:
    """processes: {name: pipeline.Process}, as they are now."""

    def __init__(self, processes):
        self.processes = {name: process for name, process in processes.items() if name != "simulator"}
        self.peaks, self.guarded, self.ended = {}, None, threading.Event()
        self.begin()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def begin(self):
        """A new window."""
        self.starts = {name: resident_mib(self.processes[name].popen.pid) for name in self.processes}
        self.peaks = dict(self.starts)
        self.cpu_starts = {name: cpu_seconds(self.processes[name].popen.pid) for name in self.processes}

    def _run(self):
        while not self.ended.wait(EVERY):
            now = {name: resident_mib(process.popen.pid) for name, process in self.processes.items()}
            for name, mib in now.items():
                self.peaks[name] = max(self.peaks[name], mib)
            if sum(now.values()) > GUARD_MIB:
                self.guarded = max(now, key=now.get)
                self.processes[self.guarded].popen.kill()
                return

    def figures(self):
        return {name: {"start_mib": round(self.starts[name]), "peak_mib": round(self.peaks[name]),
                       "cpu_s": round(cpu_seconds(process.popen.pid) - self.cpu_starts[name], 2)}
                for name, process in self.processes.items()}

    def stop(self):
        self.ended.set()
        self.thread.join()
