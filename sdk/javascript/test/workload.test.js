/** How an accessory learns what runs the app, and gives its pods volumes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { defineModule, Output, Patch, Rejection } from "../src/index.js";
import { call } from "../src/testing.js";

const curious = (more) =>
  defineModule({
    name: "curious",
    version: "0.1.0",
    summary: "Asks what runs the app.",
    generate(request) {
      const found = request.workloadResource();
      if (found) throw Rejection.unsupported(`${found.kind} ${found.id}`);
      return new Output();
    },
    ...more,
  });

test("who needs to know what runs the app asks for it", () => {
  const { extensions } = curious({ needsWorkloadResource: true }).describe();
  assert.deepEqual(JSON.parse(extensions), { requests: ["workloadResource"] });
  assert.equal(curious({}).describe().extensions, "{}");
});

test("it is told where there is a workload, and only who asked", () => {
  const asks = curious({ needsWorkloadResource: true });
  assert.ok(call(asks).output);
  assert.ok(call(curious({}), { workload: {} }).output);
  assert.deepEqual(call(asks, { workload: {} }).rejection, {
    unsupported: "Deployment apps/v1:Deployment:shop:shop-dev-web",
  });
  assert.deepEqual(call(asks, { workload: {}, workloadKind: ["batch/v1", "Job"] }).rejection, {
    unsupported: "Job batch/v1:Job:shop:shop-dev-web",
  });
});

test("volumes travel as a patch of their own kind", () => {
  const volume = { name: "scratch", emptyDir: {} };
  const mount = { container: "main", name: "scratch", mountPath: "/scratch" };
  const generate = () => new Output().patch(Patch.volumes([volume], [mount]));
  assert.deepEqual(call(curious({ generate })).output.patches, [
    { other: { kind: "volumes", document: { volumes: [volume], mounts: [mount] } } },
  ]);
});
