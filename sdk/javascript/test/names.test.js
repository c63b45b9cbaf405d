/** The SDKs of all languages make the same names: those of `names.json`, which is beside their folders. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { names } from "../src/index.js";

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

test("names are the same as in every other language", async () => {
  const cases = JSON.parse(await readFile(new URL("../../names.json", import.meta.url), "utf8"));
  assert.ok(cases.length > 40);
  for (const { function: name, arguments: given, result } of cases) {
    assert.equal(names[camel(name)](...given), result, `${name}(${given.join(", ")})`);
  }
});

test("identity labels win over the labels of the app", async () => {
  const { Request } = await import("../src/index.js");
  const scope = { project: "shop", stack: "dev", app: "web" };
  const request = new Request({ scope, accessory: "", labels: { team: "a", [names.NAME_LABEL]: "other" } });
  assert.equal(request.objectLabels()[names.NAME_LABEL], "web");
  assert.equal(request.objectLabels().team, "a");
  assert.equal(request.secretReference("key"), "$kusion_secret.web.workload.key");
  assert.equal(request.accessoryName("network", "public"), "shop-dev-web-public");
});
