"""What becomes of a point that cannot be computed, and of an input that is wrong.

Cobaya takes any error of a theory for a point with zero likelihood, and continues. Here a point that
physics excludes, or that a code cannot compute, is rejected and counted by its reason; every other error
stops the run: a wrong input is wrong at all points.
"""

import re
from collections import Counter

from cobaya.log import LoggedError
from cobaya.theory import Theory

NUMBER = re.compile(r"(?<![\w.])[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?(?![\w.]*\w)")


class Rejecting(Theory):
    """A theory that tells which points it has rejected, and why.

    Attributes
    ----------
    rejected : collections.Counter
        Number of rejected points by the reason.
    """

    # Cobaya takes public attributes for options.

    #: Errors that reject a point, unless `stop_at_error` is set
    _impossible = ()
    #: Errors of an input, which stop the run with their text
    _wrong = ()

    _rejects = True

    def compute(self, state, want_derived=True, **params):
        """As `calculate` of Cobaya's `Theory`."""
        raise NotImplementedError

    def check_cache_and_compute(self, *args, **kwargs):
        # With stop_at_error Cobaya raises what `calculate` does not catch.
        self._rejects, self.stop_at_error = not self.stop_at_error, True
        try:
            return super().check_cache_and_compute(*args, **kwargs)
        finally:
            self.stop_at_error = not self._rejects

    def calculate(self, state, want_derived=True, **params):
        """Compute a point, or reject it.

        Raises
        ------
        LoggedError
            For a wrong input; with `stop_at_error` for an impossible point, too.
        """
        try:
            return self.compute(state, want_derived, **params)
        except self._impossible as error:
            if not self._rejects:
                raise LoggedError(self.log, "%s (stop_at_error: False would reject this point.)",
                                  words(error)) from error
            self.reject(words(error))
            return False
        except self._wrong as error:
            raise LoggedError(self.log, "%s", words(error)) from error

    def reject(self, reason):
        """Count a rejected point."""
        self.log.debug("%s Assigning 0 likelihood and going on.", reason)
        self.rejected[NUMBER.sub("#", reason)] += 1

    @property
    def rejected(self):
        return self.__dict__.setdefault("_rejected", Counter())

    def close(self):
        """Say how many points were rejected, and why."""
        for reason, count in self.rejected.most_common():
            self.log.info("Points rejected: %d. %s", count, reason)
        super().close()


def words(error):
    """What an error says; of CLASS's call stack the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = (lines[-1] if lines else type(error).__name__).removeprefix("Error in Class: ")
    text = re.sub(r"^(=>)?\w+\(L:\d+\)\s*:\s*", "", text)
    return re.sub(r"^condition \(.*?\) is true;\s*(?=\S)", "", text)
