"""delivery.yml: the receivers of a delivery, checked before anything is read or sent.

Secrets stand in the environment alone. The file names the variables: as `…_env`, or as ${NAME} within an address.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from scripts.warehouse import RefreshError

EXAMPLE = "scripts/delivery.example.yml"

What = Literal["treatments", "segments", "alerts"]
EntityType = Literal["store", "rep", "product_group"]
ContactColumn = Literal["contact_email", "contact_phone", "email"]
Positive = Annotated[int, Field(ge=1)]

VARIABLE = re.compile(r"\$\{(\w+)\}")
# Names of what is secret, in a header, an address or a key of the file.
SECRET = re.compile(r"auth|cookie|token|secret|passw|api[-_]?key|dsn", re.IGNORECASE)
# Notification services whose address holds no secret besides a password; those of others are made of tokens.
OPEN_SERVICES = {"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms", "syslog"}
# The settings that say which rows are a target's.
SCOPE = ("what", "entity_types", "schemes", "segments", "regions", "severities", "recipient_types")
PLACEHOLDERS = {"email", "recipient_id", "recipient_type"}


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def no_secret_in_the_file(cls, given: object) -> object:
        for key in given if isinstance(given, dict) else ():
            if SECRET.search(str(key)) and key not in cls.model_fields:
                raise ValueError(f"{key}: secrets come from the environment alone; name a variable as ..._env")
        return given


class TargetBase(Section):
    """What every kind of receiver has: what it is sent, and of that what only. Left out means all."""

    what: Annotated[list[What], Field(min_length=1)]
    entity_types: list[EntityType] | None = None
    schemes: list[str] | None = None
    segments: list[str] | None = None
    regions: list[str] | None = None
    severities: list[Literal["critical", "warning", "info"]] | None = None
    recipient_types: list[Literal["rep", "manager", "product_owner"]] | None = None
    columns: list[str] | None = None
    contact_columns: list[ContactColumn] = []
    retries: Annotated[int, Field(ge=0)] = 5
    backoff: Annotated[float, Field(ge=0)] = 1.0  # seconds before the first retry; doubled at each further one
    batch_size: Positive = 500

    @property
    def contacts_read(self) -> set[str]:
        """Entity types whose contact data are needed."""
        found = {"store"} if {"contact_email", "contact_phone"} & set(self.contact_columns) else set()
        return found | ({"rep"} if "email" in self.contact_columns else set())

    @property
    def scope(self) -> dict:
        return {name: sorted(set(value)) for name in SCOPE if (value := getattr(self, name)) is not None}


class FileTarget(TargetBase):
    kind: Literal["csv", "parquet", "jsonl"]
    folder: Path
    batch_size: Positive = 100_000


class WebhookTarget(TargetBase):
    kind: Literal["webhook"]
    url: str
    secret_env: str
    headers: dict[str, str] = {}
    timeout: Annotated[float, Field(gt=0)] = 30.0

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not re.match(r"https?://|\$\{", url):
            raise ValueError(f"'{url}' is no address; one begins with https:// or http://")
        return without_secret(url)

    @field_validator("headers")
    @classmethod
    def no_secret_header(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if SECRET.search(name) and not VARIABLE.search(value):
                raise ValueError(f"{name}: secrets come from the environment alone; write {name}: ${{VARIABLE}}")
        return headers


class TableTarget(TargetBase):
    kind: Literal["table"]
    dsn_env: str
    table: str
    batch_size: Positive = 5_000

    @model_validator(mode="after")
    def one_table_for_each(self) -> TableTarget:
        if not re.fullmatch(r"(\w+\.)?[\w{}]*\w[\w{}]*", self.table.replace("{what}", "what")):
            raise ValueError(f"table: '{self.table}' is no name of a table, as in crm.segmentation_{{what}}")
        if len(set(self.what)) > 1 and "{what}" not in self.table:
            raise ValueError(
                f"table: {' and '.join(self.what)} have different columns; write {self.table}_{{what}}, which is a"
                " table of each"
            )
        return self


class AppriseTarget(TargetBase):
    kind: Literal["apprise"]
    url: str
    what: list[Literal["alerts"]] = ["alerts"]
    retries: Annotated[int, Field(ge=0)] = 2
    max_alerts_per_recipient: Annotated[int, Field(ge=0)] | None = None

    @field_validator("url")
    @classmethod
    def has_known_parts(cls, url: str) -> str:
        unknown = set(re.findall(r"(?<!\$)\{(\w*)\}", url)) - PLACEHOLDERS
        if unknown:
            raise ValueError(
                f"{{{sorted(unknown)[0]}}} is none of {', '.join(f'{{{name}}}' for name in sorted(PLACEHOLDERS))};"
                " a variable of the environment is written ${NAME}"
            )
        service = url.split(":", 1)[0].lower()
        if service not in OPEN_SERVICES and not VARIABLE.search(url):
            raise ValueError(
                f"an address of {service} is itself a secret; those come from the environment alone: write ${{NAME}}"
            )
        return without_secret(url)

    @field_validator("columns", "contact_columns")
    @classmethod
    def not_of_a_message(cls, columns: list) -> list:
        raise ValueError("a notification has no columns; leave it out")

    @property
    def needs_email(self) -> bool:
        return "{email}" in self.url

    @property
    def contacts_read(self) -> set[str]:
        return {"rep"} if self.needs_email else set()


Target = Annotated[FileTarget | WebhookTarget | TableTarget | AppriseTarget, Field(discriminator="kind")]


class Config(Section):
    targets: Annotated[dict[str, Target], Field(min_length=1)]
    max_alerts_per_recipient: Annotated[int, Field(ge=0)] | None = None

    @field_validator("targets")
    @classmethod
    def names_that_files_can_have(cls, targets: dict) -> dict:
        for name in targets:
            if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name):
                raise ValueError(f"'{name}' is no name for a target: letters, digits, _ and - make one")
        return targets


def without_secret(url: str) -> str:
    """The address, unless a secret stands in it."""
    parts = urlsplit(VARIABLE.sub("_variable_", url))
    secrets = [parts.password] if parts.password else []
    secrets += [value for name, value in parse_qsl(parts.query) if SECRET.search(name)]
    if any("_variable_" not in secret for secret in secrets):
        raise ValueError("secrets come from the environment alone; write ${NAME} in the place of the secret")
    return url


def read_config(file: Path) -> Config:
    if not file.is_file():
        raise RefreshError(
            f"There is no {file}, which says who receives what: copy {EXAMPLE}, or name yours (DELIVERY_CONFIG=file)."
        )
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RefreshError(f"{file} is no YAML ({' '.join(str(error).split())}).") from None
    if not isinstance(given, dict):
        raise RefreshError(f"{file}: targets: is missing; {EXAMPLE} shows how it looks.")
    try:
        config = Config.model_validate(given)
    except ValidationError as error:
        raise RefreshError("\n".join(told(file, given, problem) for problem in error.errors())) from None
    for name, target in config.targets.items():
        check_columns(file, name, target)
    return config


def told(file: Path, given: dict, problem: dict) -> str:
    """Where in the file, and what to write instead."""
    place = [str(part) for part in problem["loc"]]
    if place[:1] == ["targets"] and len(place) > 2:
        del place[2]  # pydantic's name for the kind of the target
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        allowed = allowed_keys(given, place)
        message = f"there is no such key; known are {', '.join(sorted(allowed))}"
    elif problem["type"] == "missing":
        message = f"is missing; {EXAMPLE} shows how it looks"
    elif problem["type"].startswith("union_tag"):
        message = "kind is one of csv, parquet, jsonl, webhook, table, apprise"
    return f"{file}: {'.'.join(place) or 'the file'}: {message}"


def allowed_keys(given: dict, place: list[str]) -> set[str]:
    if len(place) < 3:
        return set(Config.model_fields)
    kind = given["targets"][place[1]].get("kind")
    models = {"webhook": WebhookTarget, "table": TableTarget, "apprise": AppriseTarget}
    return set(models.get(kind, FileTarget).model_fields)


def check_columns(file: Path, name: str, target: TargetBase) -> None:
    """Columns that none of what is sent has, and choices after which nothing could change."""
    from scripts.delivery_source import KINDS

    kinds = [KINDS[what] for what in target.what]
    for column in target.columns or []:
        if not any(column in kind.columns for kind in kinds):
            known = sorted({column for kind in kinds for column in kind.columns})
            raise RefreshError(
                f"{file}: targets.{name}.columns: {' and '.join(target.what)} have no column '{column}'; they have"
                f" {', '.join(known)}. Contact data are named in contact_columns."
            )
    for kind in kinds:
        if target.columns is not None and not kind.chosen(target.columns):
            raise RefreshError(
                f"{file}: targets.{name}.columns: no column of {kind.what} is named; they have"
                f" {', '.join(kind.columns)}."
            )
        if kind.compared and not set(kind.chosen(target.columns)) & kind.compared and not target.contact_columns:
            raise RefreshError(
                f"{file}: targets.{name}.columns: nothing named there makes a change of {kind.what}; name at least one"
                f" of {', '.join(column for column in kind.columns if column in kind.compared)}."
            )


class Secrets:
    """Fills in variables of the environment, and keeps their values out of what is printed."""

    def __init__(self, target: str):
        self.target = target
        self.values: set[str] = set()

    def value(self, name: str) -> str:
        value = os.environ.get(name, "")
        if not value:
            raise RefreshError(f"Target {self.target} needs the variable {name} of the environment, which is not set.")
        self.values.add(value)
        return value

    def filled(self, text: str, quote=lambda value: value) -> str:
        """A text with its ${NAME}; `quote` makes a value fit for where it stands."""
        return VARIABLE.sub(lambda match: quote(self.value(match[1])), text)

    def hidden(self, text: object) -> str:
        from urllib.parse import quote

        shown = str(text)
        every = {form for value in self.values for form in (value, quote(value, safe=""))}
        for value in sorted(every, key=len, reverse=True):
            shown = shown.replace(value, "***")
        return shown


def quoted_for_url(value: str, is_address: bool) -> str:
    """A secret within an address: all that could end it is escaped, unless it is the whole address."""
    from urllib.parse import quote

    return value if is_address else quote(value, safe="")


def filled_url(secrets: Secrets, url: str) -> str:
    """`${NAME}` alone may be a whole address; within one its value is escaped."""
    return secrets.filled(url, partial(quoted_for_url, is_address=url.startswith("${")))
