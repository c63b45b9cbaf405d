/** Calls a module in a test exactly as the host would, from plain values. */

import type { Generator, Input, Json, Problem, Scope } from "./index.js";

/** What a call says; what is left out is empty, and the scope is that of a shop. */
export interface Call {
  scope?: Partial<Scope>;
  accessory?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  config?: Json;
  platform?: Json;
  workload?: Json;
  /** API version and kind of what runs the workload, for a module that needs to know it; a Deployment if left out. */
  workloadKind?: [string, string];
  context?: Json;
  inputs?: Input[];
}

/** An output with its documents read. */
export interface Answered {
  resources: { id: string; type: string; attributes: any; dependsOn: string[]; extensions: Record<string, Json> }[];
  patches: Record<string, any>[];
  secrets: { name: string; source: Record<string, any> }[];
  needs: { kind: string; document: any }[];
}

/** Why a call was rejected. */
export type Rejected = { invalid: Problem[] } | { unsupported: string } | { failed: string };

/** The answer: an output or a rejection. */
export type Answer = { output: Answered; rejection?: undefined } | { output?: undefined; rejection: Rejected };

/** Calls a module: project `shop`, stack and workspace `dev`, app `web`, namespace `shop`. */
export function call(generator: Generator, members?: Call): Answer;
