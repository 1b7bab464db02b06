// A real OpenID provider for tests: clients get access tokens (JWT) by client credentials; what it tells of a client is
// its own groups. Usage: node oidc_provider.mjs NODE_MODULES PORT. It makes itself new keys each time it starts.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [modules, port] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

const GROUPS = { acme: ['acme'], beta: ['readers', 'beta'], both: ['acme', 'beta'], nobody: [] };
// Kinds of keys, as the resources that tokens are asked for name them.
const KINDS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};
const keys = Object.entries(KINDS).map(([alg, make]) => ({
  ...make().privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID(),
}));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: Object.keys(GROUPS).map((id) => ({
    client_id: id, client_secret: `secret-of-${id}`, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
  })),
  jwks: { keys },
  enabledJWA: { idTokenSigningAlgValues: Object.keys(KINDS) },
  extraTokenClaims: (context, token) => ({ groups: GROUPS[token.clientId] }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // urn:AUDIENCE:ALGORITHM:SECONDS
      getResourceServerInfo: (context, resource) => {
        const [, audience, alg, seconds] = resource.split(':');
        return { audience, scope: '', accessTokenFormat: 'jwt', accessTokenTTL: Number(seconds), jwt: { sign: { alg } } };
      },
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
