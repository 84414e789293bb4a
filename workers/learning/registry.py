"""Store models: immutable versions in one directory, verified before they are loaded, and a pointer to the current."""

import contextlib
import fcntl
import hashlib
import hmac
import io
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from daemon.system.files import sync, write_durably, write_new
from workers.learning.shape import shape_of
from workers.triage.classifier import Model

KEY = "key"
CURRENT = "current"
PREVIOUS = "previous"
MODEL = "model.joblib"
MANIFEST = "manifest.json"
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,63}")
LOCK = ".lock"
TRAINING_LOCK = ".training"
# Held while a pointer moves or old versions are deleted, so that no version is deleted that is promoted just now.
POINTER_LOCK = ".pointers"
KEY_BYTES = 32
# Its version is read without an import: processes that train nothing do not need it.
LIBRARY = "scikit-learn"
# Raise it when the meaning of a field inside model.joblib changes; older models are then trained again at start.
FORMAT = 8


class RegistryError(Exception):
    """A model cannot be stored or loaded; the message tells the admin why."""


class TamperedError(RegistryError):
    """The file, its manifest or its directory was changed by somebody else."""


class ForeignError(RegistryError):
    """The model was made by another version of triaged or of the libraries; train again."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a model: digest of its file, library versions, labels, corpus and measured figures.

    `encoder` is the sentence encoder that its second opinion was made with, "" where it has none. `shape` tells models
    of other classes apart, as `shape_of` says.
    """

    version: str
    sha256: str
    created: str
    scikit_learn: str
    numpy: str
    labels: tuple[str, ...]
    corpus: str
    examples: int
    figures: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    format: int = FORMAT
    encoder: str = ""
    shape: str = ""


class Registry:
    """Models in a directory that only we may write: `VERSION/{model.joblib,manifest.json}`, `current`, `key`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def save(self, model: Model, *, corpus: str, figures: Mapping[str, Any], notes: tuple[str, ...] = ()) -> Manifest:
        """Write a new version atomically, without promoting it; raises RegistryError."""
        self.prepare()
        final = self.path(model.version)
        if final.exists():
            raise RegistryError(f"version {model.version} exists already")
        buffer = io.BytesIO()
        joblib.dump(model, buffer, compress=3)
        content = buffer.getvalue()
        manifest = Manifest(
            version=model.version,
            sha256=hashlib.sha256(content).hexdigest(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            scikit_learn=installed_version(LIBRARY),
            numpy=np.__version__,
            labels=model.category.labels,
            corpus=corpus,
            examples=sum(model.counts.values()),
            figures=dict(figures),
            notes=notes,
            encoder=model.second.encoder if model.second else "",
            shape=shape_of(Model),
        )
        described = signed(asdict(manifest), content, self.key())
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=self.directory))
        try:
            write_new(draft / MODEL, content)
            write_new(draft / MANIFEST, described)
            draft.rename(final)
        except BaseException:
            # A full disk would get a directory more with each attempt.
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync(self.directory)
        return manifest

    def load(self, version: str | None = None) -> Model:
        """Load a version, by default the current one; raises RegistryError.

        The bytes are read once and unpickled only if their HMAC-SHA256 is valid, so nobody can change them in between.
        """
        version = version or self.current()
        if version is None:
            raise RegistryError("there is no model yet")
        content, manifest = self.verified(version)
        refuse_foreign(manifest)
        try:
            model = joblib.load(io.BytesIO(content))
        except Exception as error:  # The signature is valid, so any error means that our classes have changed.
            raise ForeignError(f"model {version} cannot be read by this version of triaged; train again") from error
        if not isinstance(model, Model) or model.version != version:
            raise TamperedError(f"model {version} is not what its manifest says")
        return model

    def verified(self, version: str) -> tuple[bytes, Manifest]:
        """Return the bytes and manifest of a version if their signature is valid; raises RegistryError."""
        check_private(self.directory)
        folder = self.path(version)
        check_private(folder)
        content, described = read(folder / MODEL), read(folder / MANIFEST)
        try:
            fields = json.loads(described)
            signature = fields.pop("signature")
            genuine = hmac.compare_digest(signature, sign(fields, content, self.key()))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise TamperedError(f"the manifest of model {version} cannot be read") from error
        if not genuine:
            raise TamperedError(f"model {version} was changed since it was written; it is not loaded")
        fields["labels"], fields["notes"] = tuple(fields["labels"]), tuple(fields["notes"])
        try:
            return content, Manifest(**fields)
        except TypeError as error:
            raise ForeignError(f"model {version} comes from another version of triaged; train again") from error

    def show(self, version: str) -> Manifest:
        """Return the manifest of a version; raises RegistryError."""
        return self.verified(version)[1]

    def versions(self) -> list[str]:
        """Return the versions, oldest first."""
        if not self.directory.is_dir():
            return []
        found = [entry for entry in self.directory.iterdir() if entry.is_dir() and VERSION.fullmatch(entry.name)]
        return [entry.name for entry in sorted(found, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))]

    def current(self) -> str | None:
        """Return the current version, or None."""
        return self.pointer(CURRENT)

    def promote(self, version: str) -> None:
        """Make a version the current one; raises RegistryError if it cannot be loaded."""
        with self.alone(POINTER_LOCK):
            self.load(version)
            before = self.current()
            if before and before != version:
                self.point(PREVIOUS, before)
            self.point(CURRENT, version)

    def rollback(self) -> str:
        """Make the previous version the current one and return it; raises RegistryError."""
        before = self.pointer(PREVIOUS)
        if before is None:
            raise RegistryError("there is no earlier model to roll back to")
        self.promote(before)
        return before

    @contextlib.contextmanager
    def alone(self, name: str = LOCK) -> Iterator[None]:
        """Hold the lock of a name, which excludes other processes of this host; raises RegistryError."""
        self.prepare()
        with os.fdopen(os.open(self.directory / name, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def stamp(self) -> tuple[int, int]:
        """Return a value that is cheap to get and changes with every promotion."""
        try:
            status = (self.directory / CURRENT).stat()
        except OSError:
            return (0, 0)
        return (status.st_ino, status.st_mtime_ns)

    def prepare(self) -> None:
        """Create the directory and its key, accessible to us only; raises RegistryError."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(self.directory)
        key = self.directory / KEY
        if not key.exists():
            write_once(key, secrets.token_bytes(KEY_BYTES))

    def key(self) -> bytes:
        """Return the key that signs manifests; raises TamperedError if others can read or change it."""
        path = self.directory / KEY
        check_private(path, may_read=False)
        found = read(path)
        if len(found) != KEY_BYTES:
            raise TamperedError(f"{path.name} is not our key")
        return found

    def path(self, version: str) -> Path:
        """Return the directory of a version; raises RegistryError if the name is not valid."""
        if not VERSION.fullmatch(version):
            raise RegistryError(f"{version!r} is not the name of a model version")
        return self.directory / version

    def pointer(self, name: str) -> str | None:
        """Return the version in a pointer file, None if it is missing or not valid."""
        try:
            found = (self.directory / name).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return found if VERSION.fullmatch(found) else None

    def point(self, name: str, version: str) -> None:
        """Move a pointer atomically."""
        write_durably(self.directory / name, version.encode())


def refuse_foreign(manifest: Manifest) -> None:
    """Raise ForeignError unless a model was made by the libraries and classes that are installed."""
    version, made = manifest.version, (manifest.scikit_learn, manifest.numpy, manifest.format)
    if made != (installed_version(LIBRARY), np.__version__, FORMAT):
        raise ForeignError(
            f"model {version} was made with scikit-learn {made[0]}, numpy {made[1]}, format {made[2]}; train again"
        )
    if manifest.shape != shape_of(Model):
        raise ForeignError(f"model {version} was made by another version of triaged; train again")


def sign(fields: Mapping[str, Any], content: bytes, key: bytes) -> str:
    """Return the HMAC-SHA256 of a manifest and the model file."""
    described = json.dumps(fields, sort_keys=True, ensure_ascii=True).encode()
    return hmac.new(key, hashlib.sha256(described).digest() + content, hashlib.sha256).hexdigest()


def signed(fields: Mapping[str, Any], content: bytes, key: bytes) -> bytes:
    """Return the content of a manifest file, with its signature."""
    plain = json.loads(json.dumps(fields))
    return json.dumps({**plain, "signature": sign(plain, content, key)}, indent=2, sort_keys=True).encode()


def check_private(path: Path, *, may_read: bool = True) -> None:
    """Raise TamperedError if somebody else owns the path or may write it (or read it, for a secret)."""
    try:
        status = path.lstat()
    except OSError as error:
        raise RegistryError(f"{path.name} cannot be read: {error.strerror}") from error
    others = stat.S_IWGRP | stat.S_IWOTH if may_read else stat.S_IRWXG | stat.S_IRWXO
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & others:
        raise TamperedError(f"{path} must belong to us and be writable by nobody else")


def read(path: Path) -> bytes:
    """Read a file without following a symbolic link; raises RegistryError."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return file.read()
    except OSError as error:
        raise RegistryError(f"{path.name} cannot be read: {error.strerror}") from error


def write_once(path: Path, content: bytes) -> None:
    """Write a file unless it exists; two processes that start together agree on the first one's."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    write_new(draft, content)
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
