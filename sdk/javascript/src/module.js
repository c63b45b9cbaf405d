/** What a module is: two schemas, one function, and a few facts; and the border to the host. */

import { decode, Misfit } from "./decode.js";
import * as log from "./log.js";
import { Pointer } from "./pointer.js";
import { Rejection } from "./rejection.js";
import { Request, WORKLOAD_RESOURCE } from "./request.js";

const NOTHING = { type: "object", properties: {} };

/**
 * Makes a module. Export the result as `generator`:
 *
 *     export const generator = defineModule({ name: "cache", … });
 */
export function defineModule(module) {
  const schema = (given) => JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", ...given });
  return {
    describe: () => ({
      name: module.name,
      version: module.version,
      kind: module.kind ?? "accessory",
      summary: module.summary,
      contextKeys: module.contextKeys ?? [],
      developerSchema: schema(module.config ?? NOTHING),
      platformSchema: schema(module.platform ?? NOTHING),
      resourceTypes: module.resourceTypes ?? [],
      extensions: JSON.stringify(module.needsWorkloadResource ? { requests: [WORKLOAD_RESOURCE] } : {}),
    }),
    generate: (raw) => {
      try {
        return lowered(module.generate(raised(module, raw)));
      } catch (error) {
        if (error instanceof Rejection) throw loweredRejection(error);
        // A trap carries no text, so the message goes out before it.
        log.error(error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ""}`.trimEnd() : error);
        throw error;
      }
    },
  };
}

/** What the host sends, decoded. */
function raised(module, raw) {
  const problems = [];
  const typed = (pointer, schema, text) => {
    try {
      return decode(schema ?? NOTHING, JSON.parse(text) ?? {}, pointer);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      problems.push({ pointer: String(error.pointer), message: error.message });
      return undefined;
    }
  };
  const config = typed(Pointer.config(), module.config, raw.config);
  const platform = typed(Pointer.platform(), module.platform, raw.platform);
  if (problems.length > 0) throw new Rejection("invalid", problems);
  return new Request({
    scope: raw.scope,
    accessory: raw.accessory,
    labels: Object.fromEntries(raw.labels),
    annotations: Object.fromEntries(raw.annotations),
    config,
    platform,
    workload: JSON.parse(raw.workload),
    context: JSON.parse(raw.context),
    inputs: raw.inputs.map(({ kind, need, answer }) => ({ kind, need: JSON.parse(need), answer: JSON.parse(answer) })),
    extensions: JSON.parse(raw.extensions),
  });
}

function lowered(output) {
  return {
    resources: output.resources.map((resource) => ({
      id: resource.id,
      type: resource.type,
      attributes: JSON.stringify(resource.attributes),
      dependsOn: resource.dependsOnIds,
      extensions: JSON.stringify(resource.extensions),
    })),
    patches: output.patches.map(({ tag, value }) => ({ tag, val: loweredPatch(tag, value) })),
    secrets: output.secrets.map(({ name, source }) => ({ name, source: { tag: source.tag, val: source.value } })),
    needs: output.needs.map(({ kind, document }) => ({ kind, document: JSON.stringify(document) })),
    extensions: JSON.stringify(output.extensions),
  };
}

function loweredPatch(tag, value) {
  switch (tag) {
    case "env":
      return JSON.stringify(value);
    case "json-patch":
    case "merge-patch":
      return { id: value.id, document: JSON.stringify(value.document) };
    case "other":
      return { kind: value.kind, document: JSON.stringify(value.document) };
    default:
      return Object.entries(value);
  }
}

/** The border takes whatever is thrown for the rejection itself. */
function loweredRejection({ kind, value }) {
  return { tag: kind, val: value };
}
