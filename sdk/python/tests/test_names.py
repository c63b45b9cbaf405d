"""The SDKs of all languages make the same names: those of ``names.json``, which is beside their folders."""

import json
import unittest
from pathlib import Path

from kusion_sdk import Request, Scope, names


class Names(unittest.TestCase):
    def test_names_are_the_same_as_in_every_other_language(self) -> None:
        cases = json.loads((Path(__file__).parents[2] / "names.json").read_text())
        self.assertGreater(len(cases), 40)
        for case in cases:
            with self.subTest(case["function"], arguments=case["arguments"]):
                self.assertEqual(getattr(names, case["function"])(*case["arguments"]), case["result"])

    def test_identity_labels_win_over_the_labels_of_the_app(self) -> None:
        scope = Scope("shop", "dev", "dev", "web", "shop")
        labels = {"team": "a", names.NAME_LABEL: "other"}
        request = Request(scope, "", labels, {}, None, None, None, {})
        self.assertEqual(request.object_labels()[names.NAME_LABEL], "web")
        self.assertEqual(request.object_labels()["team"], "a")
        self.assertEqual(request.secret_reference("key"), "$kusion_secret.web.workload.key")
        self.assertEqual(request.accessory_name("network", "public"), "shop-dev-web-public")
