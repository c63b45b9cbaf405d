"""How an accessory learns what runs the app, and gives its pods volumes."""

import unittest
from typing import Any

from kusion_sdk import Module, Output, Patch, Rejection, Request
from kusion_sdk.module import extensions
from kusion_sdk.testing import call


class Curious(Module):
    name = "curious"
    version = "0.1.0"
    summary = "Asks what runs the app."
    needs_workload_resource = True

    def generate(self, request: Request[Any, Any]) -> Output:
        found = request.workload_resource()
        if found:
            raise Rejection.unsupported(f"{found.kind} {found.id}")
        return Output()


class Incurious(Curious):
    needs_workload_resource = False


class Workload(unittest.TestCase):
    def test_who_needs_to_know_what_runs_the_app_asks_for_it(self) -> None:
        self.assertEqual(extensions(Curious), {"requests": ["workloadResource"]})
        self.assertEqual(extensions(Incurious), {})

    def test_it_is_told_where_there_is_a_workload_and_only_who_asked(self) -> None:
        self.assertEqual(call(Curious), Output())
        self.assertEqual(call(Incurious, workload={}), Output())
        with self.assertRaises(Rejection) as caught:
            call(Curious, workload={})
        self.assertEqual(caught.exception.value, "Deployment apps/v1:Deployment:shop:shop-dev-web")
        with self.assertRaises(Rejection) as caught:
            call(Curious, workload={}, workload_kind=("batch/v1", "Job"))
        self.assertEqual(caught.exception.value, "Job batch/v1:Job:shop:shop-dev-web")

    def test_volumes_travel_as_a_patch_of_their_own_kind(self) -> None:
        volume = {"name": "scratch", "emptyDir": {}}
        mount = {"container": "main", "name": "scratch", "mountPath": "/scratch"}
        expected = Patch("other", ("volumes", {"volumes": [volume], "mounts": [mount]}))
        self.assertEqual(Patch.volumes([volume], [mount]), expected)
