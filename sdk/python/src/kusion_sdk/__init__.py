"""What a module author imports."""

from . import kubernetes, log, names
from .config import field
from .module import Module, Nothing, export
from .output import Need, Output, Patch, Secret
from .pointer import Pointer
from .rejection import Problem, Problems, Rejection
from .request import Input, Request, Scope, WorkloadResource
from .resource import Resource, path_reference

__all__ = [
    "Input",
    "Module",
    "Need",
    "Nothing",
    "Output",
    "Patch",
    "Pointer",
    "Problem",
    "Problems",
    "Rejection",
    "Request",
    "Resource",
    "Scope",
    "Secret",
    "WorkloadResource",
    "export",
    "field",
    "kubernetes",
    "log",
    "names",
    "path_reference",
]
