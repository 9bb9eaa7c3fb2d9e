// An OpenID provider that others wrote (oidc-provider), which signs everybody in as the last line of its input says:
// {"accountId", "amr", "acr", "claims"}. node provider.mjs FOLDER CLIENT SECRET BACK LOGOUT; prints its issuer, and ends
// with its input. A line {"logout": true} has it tell the back-channel of the last sign-in.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const [folder, client, secret, back, logout] = process.argv.slice(2);
const { default: Provider } = await import(`${folder}/lib/index.js`);
let login = { accountId: 'nobody', amr: ['pwd'], acr: 'urn:pwd', claims: {} };
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: client, client_secret: secret, grant_types: ['authorization_code'], redirect_uris: [back],
      response_types: ['code'], backchannel_logout_uri: logout, backchannel_logout_session_required: true,
      post_logout_redirect_uris: ['http://localhost:8642/sign-in'],
    }],
    pkce: { required: () => true, methods: ['S256'] },
    acrValues: ['urn:mfa', 'urn:pwd'],
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'sid'], profile: ['name', 'preferred_username', 'groups', 'roles'],
      email: ['email', 'email_verified'] },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...login.claims }) }),
    cookies: { keys: ['k'] },
    jwks: undefined,
  });
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: login.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    grant.addOIDCClaims(['acr', 'amr', 'auth_time', 'sid']);
    const consent = { grantId: await grant.save() };
    const result = { login: { accountId: login.accountId, acr: login.acr, amr: login.amr }, consent };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  });
  createInterface({ input: process.stdin }).on('line', (line) => {
    login = JSON.parse(line);
    console.log('ready');
  }).on('close', () => process.exit());
  console.log(issuer);
});
