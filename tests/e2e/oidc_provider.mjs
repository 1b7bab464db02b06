// oidc-provider, a certified OpenID provider, giving tokens to clients by their credentials.
//
//     node oidc_provider.mjs MODULES SECRET TTL [CERTIFICATE]
//
// MODULES is the folder with node_modules. Clients: `scorer` and `scorer-basic` with SECRET, in the body and in the
// header; `signer` with the key of CERTIFICATE (PEM); `endpoint`, which asks whether a token is active (secret:
// introspect). Tokens live for TTL seconds and are for the resource urn:model. A control server takes
// POST {"down": true} (503 for every token request) or {"ttl": N}, and tells with GET what was asked of it.
// Prints `provider on PORT`, `listening on CONTROL_PORT`.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const [modules, secret, ttl, certificate] = process.argv.slice(2);
const { default: Provider } = await import(`${modules}/node_modules/oidc-provider/lib/index.js`);

const script = { down: false, ttl: Number(ttl) };
const seen = { token_requests: 0, tokens: 0, refused: 0, introspections: 0 };

const client = (client_id, token_endpoint_auth_method, more) => ({
    client_id, token_endpoint_auth_method, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], ...more,
});
const clients = [
    client('scorer', 'client_secret_post', { client_secret: secret }),
    client('scorer-basic', 'client_secret_basic', { client_secret: secret }),
    client('endpoint', 'client_secret_basic', { client_secret: 'introspect' }),
];
if (certificate) {
    const jwk = crypto.createPublicKey(fs.readFileSync(certificate)).export({ format: 'jwk' });
    const alg = jwk.kty === 'EC' ? 'ES256' : 'RS256';
    clients.push(client('signer', 'private_key_jwt', { jwks: { keys: [{ ...jwk, use: 'sig', alg }] }, token_endpoint_auth_signing_alg: alg }));
}

const listen = (server) => new Promise((done) => { server.listen(0, '127.0.0.1', () => done(server.address().port)); });
const server = http.createServer();
const port = await listen(server);
const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients,
    features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        introspection: { enabled: true, allowedPolicy: () => true },
        resourceIndicators: {
            enabled: true,
            getResourceServerInfo: (ctx, resource) => {
                if (resource !== 'urn:model') throw new Error('no such resource');
                return { scope: 'score', audience: resource, accessTokenTTL: script.ttl, accessTokenFormat: 'opaque' };
            },
        },
    },
    ttl: { ClientCredentials: () => script.ttl },
});
provider.on('grant.success', () => { seen.tokens += 1; });
provider.on('grant.error', () => { seen.refused += 1; });
const answer = provider.callback();
server.on('request', (request, response) => {
    if (request.url === '/token') {
        seen.token_requests += 1;
        if (script.down) {
            response.writeHead(503, { 'Content-Type': 'text/plain' });
            return response.end(secret);  // an endpoint that says what it should not
        }
    } else if (request.url.startsWith('/token/introspection')) {
        seen.introspections += 1;
    }
    return answer(request, response);
});

const control = http.createServer((request, response) => {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => {
        if (request.method === 'POST') Object.assign(script, JSON.parse(body));
        response.end(JSON.stringify(seen));
    });
});
console.log(`provider on ${port}`);
console.log(`listening on ${await listen(control)}`);
