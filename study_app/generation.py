"""One writer of texts a process: the requests of all participants, batched by arm, in one thread.

Equal requests give equal texts, so asking twice (two tabs, or ahead of time and again) gives the
same future. Texts asked for ahead wait until nobody is waiting for a text at this moment.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType

from hare.arms import Arm, Recommendation, Request
from study_app.errors import GenerationFailed

_Key = tuple[str, str, int, bytes]


@dataclass(slots=True, eq=False)
class _Job:
    arm: str
    request: Request
    key: _Key
    urgent: bool
    future: Future[Recommendation] = field(default_factory=Future)


class Generator:
    """Writes texts for all sessions of this process. Safe to share between threads.

    arms        label -> system
    max_batch   requests answered by one call of an arm
    capacity    requests that may wait; one more is refused
    remembered  finished texts kept for a second asking
    linger_s    how long a batch waits for others to join it

    >>> from hare.arms import build_arms
    >>> with Generator(build_arms({"one": "fake"})) as generator:
    ...     state = generator.arms["one"].initial_state()
    ...     generator.ask("one", Request("Help me plan", state, seed=1)).result().text[:2]
    '# '
    """

    def __init__(
        self,
        arms: Mapping[str, Arm],
        *,
        max_batch: int = 8,
        capacity: int = 256,
        remembered: int = 1024,
        linger_s: float = 0.005,
    ) -> None:
        self.arms = arms
        self._max_batch = max_batch
        self._capacity = capacity
        self._remembered = remembered
        self._linger_s = linger_s
        self._pending: list[_Job] = []
        self._jobs: OrderedDict[_Key, _Job] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="generator", daemon=True)
        self._thread.start()

    def ask(self, arm: str, request: Request, *, ahead: bool = False) -> Future[Recommendation]:
        """The future of a text. GenerationFailed when too many requests are waiting already.

        ahead   nobody waits for it yet: it comes after the texts that somebody waits for
        """
        key = (arm, request.query, request.seed, request.state.to_bytes())
        with self._changed:
            if self._closed:
                raise GenerationFailed("The program is stopping. Please try again in a minute.")
            known = self._jobs.get(key)
            if known is not None:
                known.urgent = known.urgent or not ahead
                self._jobs.move_to_end(key)
                return known.future
            if len(self._pending) >= self._capacity:
                raise GenerationFailed(
                    f"{self._capacity} texts are waiting to be written. Try again in a minute."
                )
            job = _Job(arm, request, key, urgent=not ahead)
            self._pending.append(job)
            self._jobs[key] = job
            while (
                len(self._jobs) > self._remembered and next(iter(self._jobs.values())).future.done()
            ):
                self._jobs.popitem(last=False)
            self._changed.notify()
        job.future.add_done_callback(self._forget_failure(key))
        return job.future

    def is_done(self, arm: str, request: Request) -> bool:
        """Whether this text was asked for and is finished."""
        key = (arm, request.query, request.seed, request.state.to_bytes())
        with self._changed:
            job = self._jobs.get(key)
            return job is not None and job.future.done()

    def close(self) -> None:
        """Stop after the batch that is being written; who still waits gets GenerationFailed."""
        with self._changed:
            self._closed = True
            waiting, self._pending = self._pending, []
            self._changed.notify_all()
        for job in waiting:
            job.future.set_exception(GenerationFailed("The program was stopped."))
        self._thread.join(timeout=60)

    def __enter__(self) -> Generator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _forget_failure(self, key: _Key) -> Callable[[Future[Recommendation]], None]:
        def forget(future: Future[Recommendation]) -> None:
            if future.exception() is not None:
                with self._changed:
                    self._jobs.pop(key, None)

        return forget

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._pending and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
            time.sleep(self._linger_s)
            with self._changed:
                batch = self._next_batch()
            if batch:
                self._write(batch)

    def _next_batch(self) -> list[_Job]:
        """The oldest urgent request, or else the oldest, and others of the same arm."""
        if not self._pending:
            return []
        by_urgency = sorted(self._pending, key=lambda job: not job.urgent)
        arm = by_urgency[0].arm
        batch = [job for job in by_urgency if job.arm == arm][: self._max_batch]
        self._pending = [job for job in self._pending if job not in batch]
        return batch

    def _write(self, batch: Sequence[_Job]) -> None:
        try:
            texts = self.arms[batch[0].arm].recommend([job.request for job in batch])
            if len(texts) != len(batch):
                raise GenerationFailed(
                    f"arm {batch[0].arm!r} gave {len(texts)} texts for {len(batch)} requests"
                )
        except Exception as error:  # handed to whoever waits for the text
            if len(batch) == 1:
                batch[0].future.set_exception(error)
            else:  # one bad request must not cost the others their texts
                for job in batch:
                    self._write([job])
            return
        for job, text in zip(batch, texts, strict=True):
            job.future.set_result(text)
