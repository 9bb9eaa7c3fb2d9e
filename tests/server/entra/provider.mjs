// An OpenID provider that others wrote (oidc-provider), at the address that Entra has for a tenant.
// node provider.mjs FOLDER-OF-OIDC-PROVIDER TENANT AUDIENCE CLIENT SECRET; prints its issuer, and ends with its input.
import { createServer } from 'node:http';

const [folder, tenant, audience, client, secret] = process.argv.slice(2);
const { default: Provider } = await import(`${folder}/lib/index.js`);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const path = `/${tenant}/v2.0`;
  const issuer = `http://127.0.0.1:${server.address().port}${path}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: client, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [],
      response_types: [], token_endpoint_auth_method: 'client_secret_post',
    }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: '', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
    extraTokenClaims: () => ({ tid: tenant, azp: client, oid: client }),
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    request.originalUrl = request.url;
    request.url = request.url.replace(path, '') || '/';
    answer(request, response);
  });
  console.log(issuer);
});
process.stdin.resume().on('end', () => process.exit());
