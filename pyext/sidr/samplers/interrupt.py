"""Ends of a run that are no faults of the program, with one line and a status that a script can tell."""

import signal
import threading

from cobaya.log import LoggedError

#: Status of a process that SIGTERM has ended, as a shell tells it
TERMINATED = 128 + signal.SIGTERM


class Stopped(LoggedError, SystemExit):
    """The run has ended, and the log has said why.

    A LoggedError for who calls Cobaya from Python; not caught, it ends the process without a traceback.

    Parameters
    ----------
    text : str
    code : int
        Status of the process.
    """

    def __init__(self, text, code=1):
        SystemExit.__init__(self, text)
        self.code = code


class Terminated(BaseException):
    """SIGTERM has come; no Exception, which Cobaya would take for a point that cannot be computed."""


class Sigterm:
    """A context that waits for SIGTERM, as batch systems send it before they kill.

    Attributes
    ----------
    came : bool
    """

    def __init__(self):
        self.came = self._at_once = False

    def __enter__(self):
        self.came = False
        self._before = None
        if threading.current_thread() is threading.main_thread():   # where Python takes signals
            self._before = signal.signal(signal.SIGTERM, self._take)
        return self

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _take(self, *_):
        self.came = True
        if self._at_once:
            self._at_once = False   # once: what follows is the end
            raise Terminated

    def interrupts(self, results):
        """Iterator over results; while the next one is waited for, SIGTERM raises `Terminated` at once.

        Elsewhere it is only kept in mind until then: in a function that C calls, as of h5py or ctypes, an
        exception would be lost, or become another one.
        """
        results = iter(results)
        while True:
            self._at_once = True
            try:
                if self.came:
                    raise Terminated
                result = next(results)
            except StopIteration:
                return
            finally:
                self._at_once = False
            yield result


#: Of this process, which has one handler of a signal
sigterm = Sigterm()
