"""Sends jobs to the queue of a deployed fetchonce. One file, Python 3.9 or newer, nothing but boto3's client:

    import boto3
    from fetchonce_producer import Producer

    with Producer(boto3.client("sqs"), queue_url) as producer:
        producer.send({"url": "https://example.org/a.pdf", "work_id": "crawl-7"})

docs/producers.md has the page to it. docs/messages.md describes each field of a job.
"""

from __future__ import annotations

import hashlib
import json
import random as _random
import re
import threading
import time
import unicodedata
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple, TypedDict

__all__ = ["InvalidJob", "Job", "NotSent", "Outcome", "Producer", "Refused", "canonical_url", "check_job", "job_id_of"]


class _Named(TypedDict):
    url: str


class Job(_Named, total=False):
    """A file to fetch. Only `url` is required."""

    work_id: str
    artifact_id: str
    sha256: str
    sha512: str
    md5: str
    bytes: int
    expect: Dict[str, Any]
    headers: Dict[str, str]
    auth: str
    mirrors: List[str]
    metadata: Dict[str, Any]
    identity: str
    refresh: str


class InvalidJob(ValueError):
    """A job that fetchonce would refuse. Correct it, and send it then. `problems` are pairs of field and reason."""

    def __init__(self, problems: List[Tuple[str, str]], job: Any) -> None:
        super().__init__("; ".join(f"{field or 'the job'}: {reason}" for field, reason in problems))
        self.problems = problems
        self.job = job


@dataclass(frozen=True)
class Refused:
    """A job that the queue has not taken. `code` is as the queue, or boto3, names it."""

    job: Job
    job_id: str
    code: str
    message: str


class NotSent(RuntimeError):
    """The queue has not taken these jobs. Remove the cause, and send them again: it does no harm to do so twice."""

    def __init__(self, refused: List[Refused]) -> None:
        first = refused[0]
        super().__init__(
            f"{len(refused)} job(s) were not sent. The queue said of the first one: {first.code}: {first.message}. "
            "Remove the cause, and send what is in `refused` again."
        )
        self.refused = refused


@dataclass(frozen=True)
class Outcome:
    """How a job of `send_all` ended: the queue has it, unless there is an error."""

    index: int
    job: Job
    job_id: Optional[str]
    error: Optional[Exception]


@dataclass(frozen=True)
class CheckedJob:
    job: Job
    job_id: str
    body: str
    group: str


# --- The canonical URL: what the WHATWG's URL standard makes of an http or https URL, with escapes normalized.

_BLANK = "".join(map(chr, range(0x21)))
_DEFAULT_PORTS = {"http": 80, "https": 443}
_QUERY_SET = frozenset(" \"#<>'")
_PATH_SET = frozenset(' "#<>?^`{}')
_FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%]")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_DOT = re.compile(r"\.|%2e", re.IGNORECASE)


class _BadUrl(ValueError):
    pass


@dataclass(frozen=True)
class _Url:
    scheme: str
    host: str
    path: str
    query: Optional[str]


def canonical_url(text: str) -> str:
    """The spelling that goes into a job's key. Raises ValueError, with what to write, if the URL cannot be read."""
    return _spelled(text)[1]


@lru_cache(maxsize=32)
def _spelled(text: str) -> Tuple[str, str]:
    """The host, with its port, and the canonical URL."""
    url = _parsed(text)
    path = url.path
    query = url.query or ""
    if re.search(r"[%?#]", text):
        path = _path_of(_escapes_normalized(path))
        query = _encoded(_escapes_normalized(query), _QUERY_SET)
    return url.host, f"{url.scheme}://{url.host}{path}" + (f"?{query}" if query else "")


def _parsed(text: str) -> _Url:
    text = re.sub(r"[\t\n\r]", "", text.strip(_BLANK))
    match = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*):", text)
    if match is None:
        raise _BadUrl("not an absolute URL; write the whole of it, such as https://example.org/file")
    scheme = match.group(1).lower()
    if scheme not in _DEFAULT_PORTS:
        raise _BadUrl(f"only http and https are fetched, not {scheme}; write the file's https address")
    rest, _, _ = text[match.end() :].lstrip("/\\").partition("#")
    before_query, mark, query = rest.partition("?")
    authority = re.split(r"[/\\]", before_query, maxsplit=1)[0]
    user, at, host_and_port = authority.rpartition("@")
    if at and user not in ("", ":"):
        raise _BadUrl("holds a user name or a password, which would be stored and logged; name a secret with auth")
    host = _host_and_port(host_and_port, scheme)
    path = _path_of(before_query[len(authority) :])
    return _Url(scheme, host, path, _encoded(query, _QUERY_SET) if mark else None)


def _host_and_port(text: str, scheme: str) -> str:
    match = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?", text)
    if match is None or match.group(1) == "":
        raise _BadUrl("not a valid URL; look at its host and its port")
    host = _ipv6(match.group(1)[1:-1]) if text.startswith("[") else _domain(match.group(1))
    port = int(match.group(2)) if match.group(2) else _DEFAULT_PORTS[scheme]
    if port > 65535:
        raise _BadUrl("not a valid URL; its port is above 65535")
    return host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"


def _ipv6(text: str) -> str:
    import ipaddress

    try:
        if "%" in text or re.search(r"[^0-9a-fA-F:.]", text):
            raise ValueError
        number = int(ipaddress.IPv6Address(text))
    except ValueError:
        raise _BadUrl("not a valid URL; the address in brackets is not one of IPv6") from None
    groups = [(number >> shift) & 0xFFFF for shift in range(112, -1, -16)]
    runs = [(len(run.group()), -run.start(), run.start()) for run in re.finditer("0+", "".join(
        "0" if group == 0 else "1" for group in groups))]
    length, _, start = max(runs, default=(0, 0, 0))
    if length < 2:
        return "[" + ":".join(f"{group:x}" for group in groups) + "]"
    before, after = groups[:start], groups[start + length :]
    return "[" + ":".join(f"{group:x}" for group in before) + "::" + ":".join(f"{group:x}" for group in after) + "]"


def _domain(text: str) -> str:
    raw = re.sub(rb"%([0-9a-fA-F]{2})", lambda hit: bytes([int(hit.group(1), 16)]), text.encode("utf-8"))
    host = _ascii_host(raw.decode("utf-8", "replace"))
    if host == "" or _FORBIDDEN_IN_HOST.search(host):
        raise _BadUrl("not a valid URL; its host holds a character that no host may have")
    labels = host.split(".")
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return _ipv4(labels)
    return host


def _ipv4(parts: List[str]) -> str:
    try:
        numbers = [_number(part) for part in parts]
        if len(numbers) > 4 or any(number > 255 for number in numbers[:-1]):
            raise ValueError
        if numbers[-1] >= 256 ** (5 - len(numbers)):
            raise ValueError
    except ValueError:
        raise _BadUrl("not a valid URL; its host is a number, but not an address of IPv4") from None
    address = sum(number << (8 * (3 - place)) for place, number in enumerate(numbers[:-1])) + numbers[-1]
    return ".".join(str((address >> shift) & 0xFF) for shift in (24, 16, 8, 0))


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9a-fx]+", text):
        raise ValueError
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text.startswith("0") else int(text, 10)


_ELSEWHERE = "write its host in ASCII, as a browser shows it when it copies the address (xn--...)"


# Fillers and variation selectors. Python's Unicode tables do not say that UTS 46 leaves them out.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def _ascii_host(host: str) -> str:
    """UTS 46 for letters, digits and marks. Hosts with anything rarer are refused, never spelled in another way."""
    plain = host.lower() if host.isascii() else ""
    if plain and not any(label.startswith("xn--") for label in plain.split(".")):
        return plain
    labels = _mapped(host).split(".")
    unicode_labels = [_decoded_label(label) for label in labels]
    is_right_to_left = any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for label in unicode_labels for c in label)
    for label in unicode_labels:
        if not label.isascii():
            _check_label(label)
        if is_right_to_left:
            _check_direction(label)
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in unicode_labels)


def _mapped(host: str) -> str:
    mapped = []
    for character in unicodedata.normalize("NFC", host):
        if character in "\u3002\uff0e\uff61":
            mapped.append(".")
        elif character in "\u1e9e\u00df":
            mapped.append("\u00df")
        elif character in "\u03c2":
            mapped.append(character)
        elif character.isascii():
            mapped.append(character.lower())
        elif _UNSEEN.match(character):
            raise _BadUrl(f"holds U+{ord(character):04X} in its host, which cannot be seen; {_ELSEWHERE}")
        elif character != "\u00ad":
            folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
            folded = unicodedata.normalize("NFKC", folded.casefold())
            if "." in folded:
                raise _BadUrl(f"holds U+{ord(character):04X} in its host, which is no full stop; {_ELSEWHERE}")
            mapped.append(folded)
    return unicodedata.normalize("NFC", "".join(mapped))


def _decoded_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        is_ours = _mapped(decoded) == decoded and "xn--" + decoded.encode("punycode").decode() == label
    except UnicodeError:
        is_ours = False
    if not is_ours or decoded.isascii():
        raise _BadUrl(f"not a valid URL; {label!r} in its host is not punycode")
    return decoded


def _check_label(label: str) -> None:
    for character in label:
        category = unicodedata.category(character)
        if not character.isascii() and (category[0] not in "LM" and category != "Nd" or _mapped(character) == ""):
            raise _BadUrl(f"holds U+{ord(character):04X} in its host, which this client does not map; {_ELSEWHERE}")
    if unicodedata.category(label[0])[0] == "M":
        raise _BadUrl("not a valid URL; a part of its host begins with a combining mark")


def _check_direction(label: str) -> None:
    kinds = [unicodedata.bidirectional(character) for character in label]
    while kinds and kinds[-1] == "NSM":
        kinds.pop()
    if not kinds:
        return
    if kinds[0] in ("R", "AL"):
        allowed = {"R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"}
        is_fine = kinds[-1] in ("R", "AL", "EN", "AN") and not ("EN" in kinds and "AN" in kinds)
    else:
        allowed = {"L", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"}
        is_fine = kinds[0] == "L" and kinds[-1] in ("L", "EN")
    if not is_fine or not allowed.issuperset(kinds):
        raise _BadUrl(f"mixes directions of writing in its host; {_ELSEWHERE}")


def _path_of(text: str) -> str:
    segments: List[str] = []
    parts = re.split(r"[/\\]", text[1:] if text[:1] in ("/", "\\") else text)
    for place, part in enumerate(parts):
        is_last = place == len(parts) - 1
        dots = _DOT.sub(".", part)
        if dots == "..":
            del segments[-1:]
        if dots in (".", ".."):
            if is_last:
                segments.append("")
        else:
            segments.append(_encoded(part, _PATH_SET))
    return "/" + "/".join(segments)


# Stays in a path and in a query.
_PLAIN = re.compile(r"[!$%&()*+,\-./0-9:;=@A-Z\[\]_a-z|~]*")


def _encoded(text: str, characters: Iterable[str]) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return "".join(
        "".join(f"%{byte:02X}" for byte in character.encode("utf-8"))
        if character in characters or not "\x20" <= character <= "\x7e"
        else character
        for character in text
    )


def _escapes_normalized(text: str) -> str:
    def normal(hit: "re.Match[str]") -> str:
        character = chr(int(hit.group()[1:], 16))
        return character if _UNRESERVED.fullmatch(character) else hit.group().upper()

    return re.sub(r"%[0-9a-fA-F]{2}", normal, text)


# --- Checking a job.

_Problems = List[Tuple[str, str]]
_MOST_SAFE_INTEGER = 2**53 - 1
_SECRET_HEADERS = frozenset(["authorization", "cookie", "proxy-authorization"])
_TRANSFER_HEADERS = frozenset(
    "accept-encoding connection content-length expect host if-match if-modified-since if-none-match if-range "
    "if-unmodified-since keep-alive range te trailer transfer-encoding upgrade".split()
)
_OWN_FIELDS = frozenset(["tracked", "sent_at", "dispatched_for", "waiting_since"])
_HEX = {"sha256": 64, "sha512": 128, "md5": 32}


def check_job(job: Job) -> CheckedJob:
    """Raises InvalidJob if fetchonce would refuse the job, or it can only fail."""
    if not isinstance(job, Mapping):
        raise InvalidJob([("", 'not a dict; write such as {"url": "https://..."}')], job)
    problems: _Problems = []
    message: Dict[str, Any] = {}
    for field, value in job.items():
        if field in _OWN_FIELDS:
            problems.append((field, "set by fetchonce itself; leave it out"))
        elif field not in _CHECKS:
            problems.append((str(field), "unknown field; put what is your own into metadata"))
        elif value is not None:
            value = _joined(value)
            message[field] = value.lower() if field in _HEX and isinstance(value, str) else value
            problems += [(field + inner, reason) for inner, reason in _CHECKS[field](value)]
    if "url" not in message:
        problems.append(("url", "missing; write the URL of the file"))
    if "identity" in message and "artifact_id" not in message:
        reason = "missing beside an identity; write one, since one that is made from the URL changes with it"
        problems.append(("artifact_id", reason))
    problems += [(field, _HALF) for field, value in message.items() if _holds_half_character(value)]
    if problems:
        raise InvalidJob(problems, job)
    group, canonical = _spelled(message["url"])
    message.setdefault("work_id", group)
    message.setdefault("artifact_id", hashlib.sha256(canonical.encode()).hexdigest()[:16])
    return CheckedJob(job, _key_of(message, canonical)[:32], _json(message, True), group[:128])


def job_id_of(job: Job) -> str:
    """The id under which the job's record and its announcement are found. Raises InvalidJob as `check_job`."""
    return check_job(job).job_id


def _key_of(message: Mapping[str, Any], canonical: str) -> str:
    named = {name: message[name] for name in ("work_id", "artifact_id", "identity", "refresh") if name in message}
    if "identity" not in named:
        named["url"] = canonical
    text = json.dumps({**named, "kind": "JOB", "v": 1}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _json(value: Any, ascii_only: bool) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only, allow_nan=False)


_HALF = "holds half a character (a lone surrogate); write the text as UTF-8"


def _holds_half_character(value: Any) -> bool:
    if isinstance(value, str):
        return not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, Mapping):
        return any(_holds_half_character(name) or _holds_half_character(inner) for name, inner in value.items())
    return isinstance(value, (list, tuple)) and any(map(_holds_half_character, value))


def _joined(value: Any) -> Any:
    """Text whose characters above U+FFFF are whole, though it may have come in halves."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return value


def _text(least: int, most: int) -> Callable[[Any], _Problems]:
    def check(value: Any) -> _Problems:
        if isinstance(value, str) and least <= len(value) <= most:
            return []
        return [("", f"not text of {least} to {most} characters; write such a text, or leave it out")]

    return check


def _matching(pattern: str, wanted: str) -> Callable[[Any], _Problems]:
    def check(value: Any) -> _Problems:
        if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII):
            return []
        return [("", f"not {wanted}; write it, or leave it out")]

    return check


def _check_url(value: Any) -> _Problems:
    if not isinstance(value, str) or len(value) > 8192:
        return [("", "not text of up to 8,192 characters; write the URL of the file")]
    if _holds_half_character(value):
        return []
    try:
        canonical_url(value)
    except _BadUrl as problem:
        return [("", str(problem))]
    return []


def _check_size(value: Any) -> _Problems:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_SAFE_INTEGER:
        return []
    return [("", "not a whole number from 0 on; write one, or leave it out")]


def _check_expect(value: Any) -> _Problems:
    if not isinstance(value, Mapping):
        return [("", 'not a dict; write such as {"type": "image/*", "least_bytes": 1, "most_bytes": 5000000}')]
    problems: _Problems = []
    for name, inner in value.items():
        if name not in ("type", "least_bytes", "most_bytes"):
            problems.append((f".{name}", "unknown field; write type, least_bytes or most_bytes"))
        else:
            check = _check_size if name != "type" else _matching(r"[\w.+-]+/([\w.+-]+|\*)", "a media type or type/*")
            problems += [(f".{name}{deeper}", reason) for deeper, reason in check(inner)]
    return problems


def _check_headers(value: Any) -> _Problems:
    if not isinstance(value, Mapping) or len(value) > 16:
        return [("", "not a dict of up to 16 headers; leave some out")]
    problems: _Problems = []
    for name, text in value.items():
        if not isinstance(name, str) or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", name):
            problems.append((f".{name}", "not the name of a header; write letters, digits and hyphens"))
        elif name.lower() in _SECRET_HEADERS:
            problems.append((f".{name}", "a secret; name one with auth"))
        elif name.lower() in _TRANSFER_HEADERS:
            problems.append((f".{name}", "belongs to the transfer, and cannot be set; leave it out"))
        elif not isinstance(text, str) or not re.fullmatch(r"[\t\x20-\x7e]{0,1000}", text):
            problems.append((f".{name}", "not visible ASCII of up to 1,000 characters; write it so"))
    return problems


def _check_mirrors(value: Any) -> _Problems:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= 8:
        return [("", "not a list of 1 to 8 URLs; write other URLs of the file, or leave it out")]
    return [(f".{place}", reason) for place, url in enumerate(value) for _, reason in _check_url(url)]


def _check_metadata(value: Any) -> _Problems:
    try:
        if isinstance(value, Mapping) and len(_measured(value).encode("utf-8", "surrogatepass")) <= 1024:
            return []
    except (TypeError, ValueError, RecursionError):
        pass
    return [("", "not a dict of up to 1,024 bytes of JSON, whole numbers below 2**53; write less, or numbers as text")]


def _measured(value: Any) -> str:
    """JSON as JavaScript writes it, in which the limit is: 1 for 1.0, 1e-7 for 1e-07. Raises if it is not JSON."""
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError
        return "{" + ",".join(f"{_json(name, False)}:{_measured(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_measured, value)) + "]"
    if isinstance(value, int) and abs(value) > _MOST_SAFE_INTEGER:
        raise ValueError
    if isinstance(value, float) and abs(value) < 1e21 and value.is_integer():
        return str(int(value))
    if isinstance(value, float) and 1e-6 <= abs(value) < 1e-4:
        return format(Decimal(repr(value)), "f")
    if isinstance(value, float):
        return _json(value, False).replace("e-0", "e-")
    return _json(value, False)


_CHECKS: Dict[str, Callable[[Any], _Problems]] = {
    "work_id": _text(1, 512),
    "artifact_id": _text(1, 512),
    "url": _check_url,
    **{name: _matching(f"[0-9a-fA-F]{{{digits}}}", f"{digits} hexadecimal digits") for name, digits in _HEX.items()},
    "bytes": _check_size,
    "expect": _check_expect,
    "headers": _check_headers,
    "auth": _matching(r"[\w/+=.@-]{1,256}", "the name of a secret"),
    "mirrors": _check_mirrors,
    "metadata": _check_metadata,
    "identity": _text(1, 512),
    "refresh": _text(1, 64),
}

# --- Sending.

_LARGEST_BATCH = 10
# Of all messages of a request together: 1 MiB.
_LARGEST_REQUEST_BYTES = 1_048_576
_SLOW_DOWN = re.compile("throttl|TooManyRequests|RequestLimitExceeded|RequestTimeout|SlowDown", re.IGNORECASE)

_OnEnd = Callable[[Optional[Refused]], None]


class Producer:
    """Sends jobs in full batches, some of them at a time. What the queue refuses for now is sent again.

    Methods may be called from one thread. `sleep` (of seconds) and `random` (from 0 to 1) are for tests.
    """

    def __init__(
        self,
        sqs: Any,
        queue_url: str,
        *,
        batches_in_flight: int = 8,
        attempts: int = 10,
        on_refused: Optional[Callable[[Refused], None]] = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = _random.random,
    ) -> None:
        """`sqs` is boto3.client("sqs"). Without `on_refused`, the next `send` or `flush` raises NotSent."""
        if not 1 <= batches_in_flight <= 256 or attempts < 1:
            raise ValueError("batches_in_flight must be from 1 to 256, and attempts 1 or more.")
        self._sqs = sqs
        self._queue_url = queue_url
        self._most_in_flight = batches_in_flight
        self._attempts = attempts
        self._on_refused = on_refused
        self._sleep = sleep
        self._random = random
        self._pool = ThreadPoolExecutor(batches_in_flight, "fetchonce-producer")
        self._in_flight: Set["Future[None]"] = set()
        self._open: List[Tuple[CheckedJob, _OnEnd]] = []
        self._open_bytes = 0
        self._refused: List[Refused] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Producer":
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        # After an error, what was taken and is not yet in a request is not sent.
        self.close() if kind is None else self._pool.shutdown()

    def send(self, job: Job) -> str:
        """Takes a job, once there is room for it, and returns its id. `flush` says whether the queue has it.

        Raises InvalidJob; NotSent if the queue refused earlier jobs, and then this one was not taken either.
        """
        checked = check_job(job)
        self._raise_refused()
        self._take(checked, self._note)
        return checked.job_id

    def flush(self) -> None:
        """Waits until the queue has every job that was taken. Raises NotSent with those that it has not."""
        self._settle()
        self._raise_refused()

    def close(self) -> None:
        """Flushes, and ends the threads."""
        try:
            self.flush()
        finally:
            self._pool.shutdown()

    def send_all(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Sends all jobs and yields how each ended, as the answers come. No job is taken while nobody asks for more."""
        ended: List[Outcome] = []
        try:
            for index, job in enumerate(jobs):
                try:
                    checked = check_job(job)
                except InvalidJob as error:
                    ended.append(Outcome(index, job, None, error))
                else:
                    self._take(checked, _ending(ended, index, checked))
                yield from _drained(ended)
        finally:
            self._settle()
        yield from _drained(ended)

    def _take(self, job: CheckedJob, on_end: _OnEnd) -> None:
        size = len(job.body) + len(job.group)
        if self._open_bytes + size > _LARGEST_REQUEST_BYTES:
            self._launch()
        self._open.append((job, on_end))
        self._open_bytes += size
        if len(self._open) == _LARGEST_BATCH:
            self._launch()

    def _launch(self) -> None:
        batch, self._open, self._open_bytes = self._open, [], 0
        if not batch:
            return
        while len(self._in_flight) >= self._most_in_flight:
            self._collect(wait(self._in_flight, return_when=FIRST_COMPLETED).done)
        self._in_flight.add(self._pool.submit(self._fly, batch))

    def _collect(self, done: Set["Future[None]"]) -> None:
        self._in_flight -= done
        for flight in done:
            flight.result()

    def _settle(self) -> None:
        self._launch()
        self._collect(wait(self._in_flight).done)

    def _fly(self, batch: List[Tuple[CheckedJob, _OnEnd]]) -> None:
        left = batch
        attempt = 0
        while left:
            attempt += 1
            if attempt > 1:
                # Before the second attempt 50 to 100 ms, then twice as long each time.
                self._sleep(min(20.0, 0.1 * 2 ** (attempt - 2)) * (1 + self._random()) / 2)
            again = []
            for (job, on_end), refusal in zip(left, self._send_once([job for job, _ in left])):
                if refusal is not None and refusal[2] and attempt < self._attempts:
                    again.append((job, on_end))
                else:
                    on_end(refusal and Refused(job.job, job.job_id, refusal[0], refusal[1]))
            left = again

    def _send_once(self, jobs: List[CheckedJob]) -> List[Optional[Tuple[str, str, bool]]]:
        """For each job None, or code, message and whether the refusal may pass."""
        entries = [
            {"Id": str(place), "MessageBody": job.body, "MessageGroupId": job.group} for place, job in enumerate(jobs)
        ]
        try:
            answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except Exception as error:  # What boto3 raises is made at run time. Each kind is told to the caller.
            return [_refusal_of_request(error)] * len(jobs)
        taken = {each["Id"] for each in answer.get("Successful", [])}
        failed = {each["Id"]: each for each in answer.get("Failed", [])}
        return [None if entry["Id"] in taken else _refusal_of_entry(failed.get(entry["Id"])) for entry in entries]

    def _note(self, refused: Optional[Refused]) -> None:
        if refused is None:
            return
        with self._lock:
            if self._on_refused is not None:
                self._on_refused(refused)
            else:
                self._refused.append(refused)

    def _raise_refused(self) -> None:
        with self._lock:
            refused, self._refused = self._refused, []
        if refused:
            raise NotSent(refused)


def _ending(ended: List[Outcome], index: int, job: CheckedJob) -> _OnEnd:
    def on_end(refused: Optional[Refused]) -> None:
        ended.append(Outcome(index, job.job, job.job_id, NotSent([refused]) if refused else None))

    return on_end


def _drained(ended: List[Outcome]) -> Iterator[Outcome]:
    while ended:
        yield ended.pop(0)


def _refusal_of_entry(entry: Optional[Mapping[str, Any]]) -> Tuple[str, str, bool]:
    if entry is None:
        return ("NoAnswer", "the queue's answer does not name the entry", True)
    code = str(entry.get("Code", "Unknown"))
    may_pass = not entry.get("SenderFault", False) or bool(_SLOW_DOWN.search(code))
    return (code, str(entry.get("Message", "no reason given")), may_pass)


def _refusal_of_request(error: Exception) -> Tuple[str, str, bool]:
    """A 4xx is the caller's fault. What has no status may be the network, and may pass; wrong arguments may not."""
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", type(error).__name__))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_ours = 400 <= status < 500 or type(error).__name__ in _OURS
    return (code, str(error), not is_ours or bool(_SLOW_DOWN.search(code)))


_OURS = frozenset(["ParamValidationError", "NoCredentialsError", "NoRegionError", "TypeError", "AttributeError"])
