// Is the file an OpenAPI document? Ends with 0 and its version, or with 1 and what is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.NODE_MODULES_BESIDE);
const { Validator } = await import(pathToFileURL(require.resolve("@seriousme/openapi-schema-validator")));
const validator = new Validator();
const { valid, errors } = await validator.validate(JSON.parse(readFileSync(process.argv[2], "utf8")));
console.log(valid ? validator.version : JSON.stringify(errors, null, 2));
process.exit(valid ? 0 : 1);
