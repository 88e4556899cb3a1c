// Tokens by npm's jose: makes a key for each algorithm, prints {"jwks": …, "tokens": {alg: token}, "tampered": …} for the claims on the standard input.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const jose = createRequire(process.env.NODE_MODULES_BESIDE)("jose");
const claims = JSON.parse(readFileSync(0, "utf8"));
const jwks = { keys: [] }, tokens = {};
for (const alg of ["RS256", "PS256", "ES256", "ES384", "EdDSA"]) {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    jwks.keys.push({ ...(await jose.exportJWK(publicKey)), kid: alg, alg, use: "sig" });
    tokens[alg] = await new jose.SignJWT(claims).setProtectedHeader({ alg, kid: alg, typ: "at+jwt" }).sign(privateKey);
}
const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
jwks.keys.push({ kty: "oct", kid: "HS256", k: jose.base64url.encode(secret) });
tokens.HS256 = await new jose.SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "HS256" }).sign(secret);
console.log(JSON.stringify({ jwks, tokens }));
