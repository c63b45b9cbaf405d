"""What a module is: two dataclasses, one function, and a few facts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from . import config, log
from .output import Output
from .pointer import Pointer
from .rejection import Problem, Rejection
from .request import WORKLOAD_RESOURCE, Input, Request, Scope

try:
    # Here and not later: a component has no files, so that nothing can be imported once it was made.
    from . import border
except ImportError:
    # Outside a component, where only tests run.
    pass


@dataclass
class Nothing:
    """A configuration with nothing to configure."""


class Module:
    """A kusion module: subclass it, and hand the class to ``export``."""

    name: ClassVar[str]
    """The module's name, for example ``network``."""

    version: ClassVar[str]
    """Its semantic version, the same as in pyproject.toml."""

    summary: ClassVar[str]
    """One sentence for listings."""

    kind: ClassVar[str] = "accessory"
    """``workload`` for a module that runs the app's containers."""

    context_keys: ClassVar[tuple[str, ...]] = ()
    """Keys of the workspace's ``context`` that it wants to see."""

    resource_types: ClassVar[tuple[str, ...]] = ()
    """Types of resources it can make, for example ``apps/v1:Deployment``."""

    needs_workload_resource: ClassVar[bool] = False
    """Whether it must know which resource runs the app's containers; ``Request.workload_resource`` says so then."""

    config: ClassVar[Any] = Nothing
    """What a developer writes in app.yaml: a dataclass."""

    platform: ClassVar[Any] = Nothing
    """What the platform team writes in the workspace: a dataclass whose every field has a default."""

    def generate(self, request: Request[Any, Any]) -> Output:
        """Answers one request; raises a ``Rejection`` if it cannot be served. The same request, the same answer."""
        raise NotImplementedError


def export(module: type[Module]) -> type:
    """Makes the class that the component exports; assign it to ``Generator`` in the module ``app``."""
    # Here and not when it is asked: what is wrong with a type is then told by tests and the build.
    developers, platforms = (json.dumps(config.schema(it)) for it in (module.config, module.platform))

    class Generator:
        def describe(self) -> Any:
            return border.description(
                name=module.name,
                version=module.version,
                kind=module.kind,
                summary=module.summary,
                context_keys=list(module.context_keys),
                developer_schema=developers,
                platform_schema=platforms,
                resource_types=list(module.resource_types),
                extensions=json.dumps(extensions(module)),
            )

        def generate(self, request: Any) -> Any:
            try:
                return border.lowered(serve(module, request))
            except Rejection as rejection:
                raise border.lowered_rejection(rejection) from None
            except BaseException as error:
                # A trap carries no text, so the message goes out before it.
                log.error(_told(error))
                raise

    return Generator


def extensions(module: type[Module]) -> dict[str, Any]:
    """What a module says beyond the fields of a description."""
    return {"requests": [WORKLOAD_RESOURCE]} if module.needs_workload_resource else {}


def serve(module: type[Module], raw: Any) -> Output:
    """Decodes a call and lets the module answer it. ``raw`` is a request of the interface: documents are texts."""
    problems: list[Problem] = []

    def typed(pointer: Pointer, type_: Any, text: str) -> Any:
        try:
            document = json.loads(text)
            return config.read(type_, {} if document is None else document, pointer)
        except config.Misfit as misfit:
            problems.append(Problem(str(misfit.pointer), misfit.message))

    developers = typed(Pointer.config(), module.config, raw.config)
    platforms = typed(Pointer.platform(), module.platform, raw.platform)
    if problems:
        raise Rejection("invalid", problems)
    scope = raw.scope
    request: Request[Any, Any] = Request(
        scope=Scope(scope.project, scope.stack, scope.workspace, scope.app, scope.namespace),
        accessory=raw.accessory,
        labels=dict(raw.labels),
        annotations=dict(raw.annotations),
        config=developers,
        platform=platforms,
        workload=json.loads(raw.workload),
        context=json.loads(raw.context),
        inputs=[Input(it.kind, json.loads(it.need), json.loads(it.answer)) for it in raw.inputs],
        extensions=json.loads(raw.extensions),
    )
    return module().generate(request)


def _told(error: BaseException) -> str:
    lines = [f"{type(error).__name__}: {error}"]
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"  {code.co_filename}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return "\n".join(lines)
