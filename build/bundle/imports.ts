/**
 * Finds for the bundler what is imported by a name: modules of Node.js, and packages.
 *
 * @module
 */

import { createRequire, isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/** Where modules of Node.js that CommonJS requires come from. */
const REQUIRED = "required";

/**
 * Resolves names as the import map of this process does, and names in packages as Node.js does.
 *
 * @param external names of packages that are not bundled
 */
export function mappedImports(external: readonly string[] = []): Plugin {
  return {
    name: "mapped imports",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[@\w]/ }, ({ path, kind, importer }) => {
        if (kind === "entry-point") return undefined;
        if (external.includes(path)) return { path, external: true };
        const isRequired = kind === "require-call";
        if (isBuiltin(path)) {
          return isRequired ? { path, namespace: REQUIRED } : { path, external: true };
        }
        if (isRequired) return { path: createRequire(importer).resolve(path) };
        return { path: fileURLToPath(import.meta.resolve(path)) };
      });
      // An ECMAScript module cannot require, and an import would load what is required late, if ever.
      onLoad({ filter: /^/, namespace: REQUIRED }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      }));
    },
  };
}
