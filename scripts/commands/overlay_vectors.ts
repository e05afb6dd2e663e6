/**
 * The overlay of the commands for vector sets; how to read it: `overlay.ts`.
 *
 * @module
 */
import type { Entry } from "./overlay_entry.ts";

/** Entries by group file. */
export const vectors: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  vector_set: {
    "VADD": {
      params: "key: Arg, vector: Vector, element: Arg, options?: VaddOptions",
      options:
        "AtMostOne<{ noQuant: boolean; q8: boolean; bin: boolean }> & { reduce?: Num; cas?: boolean; ef?: Num; setAttr?: Arg; m?: Num }",
      args:
        'withOptions($, rest(vectorArguments(options?.reduce === undefined ? [key] : [key, "REDUCE", options.reduce], vector), element), "cas noQuant|q8|bin ef= setAttr= m=", options && { ...options, reduce: undefined })',
      reply: "boolean @bool",
    },
    "VCARD": { params: "key: Arg", args: "[key]", reply: "number" },
    "VDIM": { params: "key: Arg", args: "[key]", reply: "number" },
    "VEMB": {
      params: "key: Arg, element: Arg, options?: { raw?: boolean }",
      signatures: [
        ["key: Arg, element: Arg, options: { raw: true }", "RawVector | null"],
        ["key: Arg, element: Arg, options?: { raw?: false }", "number[] | null"],
      ],
      args: 'withOptions($, [key, element], "raw", options)',
      parse: "options?.raw ? rawVector : deepDoubles",
    },
    "VGETATTR": { params: "key: Arg, element: Arg", args: "[key, element]", reply: "S | null" },
    "VINFO": { params: "key: Arg", args: "[key]", reply: "Record<string, Reply> | null @named" },
    "VISMEMBER": { params: "key: Arg, element: Arg", args: "[key, element]", reply: "boolean @bool" },
    "VLINKS": {
      params: "key: Arg, element: Arg, options?: { withScores?: boolean }",
      signatures: [
        ["key: Arg, element: Arg, options: { withScores: true }", "[S, number][][] | null"],
        ["key: Arg, element: Arg, options?: { withScores?: false }", "S[][] | null"],
      ],
      args: 'withOptions($, [key, element], "withScores", options)',
      parse: "options?.withScores ? levelsScored : undefined",
    },
    "VRANDMEMBER": {
      params: "key: Arg, count?: Num",
      signatures: [["key: Arg", "S | null"], ["key: Arg, count: Num", "S[]"]],
      args: "rest([key], count)",
    },
    "VRANGE": {
      params: "key: Arg, start: Arg, end: Arg, count?: Num",
      args: "rest([key, start, end], count)",
      reply: "S[]",
    },
    "VREM": { params: "key: Arg, element: Arg", args: "[key, element]", reply: "boolean @bool" },
    "VSETATTR": {
      params: "key: Arg, element: Arg, attributes: Arg",
      args: "[key, element, attributes]",
      reply: "boolean @bool",
    },
    "VSIM": {
      params: "key: Arg, query: VectorQuery, options?: VsimOptions",
      signatures: [
        [
          "key: Arg, query: VectorQuery, options: VsimOptions & { withScores: true; withAttribs: true }",
          "[S, number, S | null][]",
        ],
        [
          "key: Arg, query: VectorQuery, options: VsimOptions & { withScores: true; withAttribs?: false }",
          "[S, number][]",
        ],
        [
          "key: Arg, query: VectorQuery, options: VsimOptions & { withScores?: false; withAttribs: true }",
          "[S, S | null][]",
        ],
        [
          "key: Arg, query: VectorQuery, options?: VsimOptions & { withScores?: false; withAttribs?: false }",
          "S[]",
        ],
      ],
      options:
        "{ withScores?: boolean; withAttribs?: boolean; count?: Num; epsilon?: Num; ef?: Num; filter?: Arg; filterEf?: Num; truth?: boolean; noThread?: boolean }",
      args:
        'withOptions($, vectorArguments([key], query), "withScores withAttribs count= epsilon= ef= filter= filterEf=:FILTER-EF truth noThread", options)',
      parse: "similar(options)",
    },
  },
};
