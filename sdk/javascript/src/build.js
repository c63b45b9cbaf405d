/**
 * Makes a component of the module in the working folder; `kusion mod build` runs this.
 *
 * One bundle without imports, made by esbuild, goes into the JavaScript engine with every feature of WASI disabled: a
 * module has no clock and no randomness, and so it needs nothing of its host but the log.
 */

import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { componentize } from "@bytecodealliance/componentize-js";
import * as esbuild from "esbuild";

/** Builds the module that `package.json` names as `main`, and writes the component to `target`. */
export async function build(target) {
  const { main = "src/index.js" } = JSON.parse(await readFile("package.json", "utf8"));
  const bundle = await esbuild.build({
    entryPoints: [resolve(main)],
    bundle: true,
    conditions: ["kusion-module"],
    external: ["kusion:*"],
    format: "esm",
    legalComments: "none",
    platform: "neutral",
    target: "es2022",
    write: false,
  });
  const { component } = await componentize(bundle.outputFiles[0].text, {
    disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
    witPath: fileURLToPath(new URL("../wit", import.meta.url)),
    worldName: "module",
  });
  await writeFile(target, component);
}
