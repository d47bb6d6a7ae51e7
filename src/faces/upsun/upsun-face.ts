import type { Face, FaceContext } from '../kit/face.ts'
import { Authenticator, FACE } from './auth.ts'
import { CLAIMS } from './claims.ts'
import { reactor } from './react.ts'
import { Routes } from './routes.ts'
import { TokenEndpoint } from './token-endpoint/token-endpoint.ts'

/** Upsun's task API, with what its command line asks around it. */
export function upsunFace(context: FaceContext): Face {
  const authenticator = new Authenticator(context)
  const tokens = new TokenEndpoint(context, authenticator)
  return {
    name: FACE,
    claims: CLAIMS,
    reactor,
    mount: (app) => new Routes(context, authenticator, tokens).mount(app),
    async environment(origin) {
      const { secret } = await context.credentials.firstStart(FACE)
      return { UPSUN_CLI_API_URL: origin, UPSUN_CLI_AUTH_URL: origin, UPSUN_CLI_TOKEN: secret }
    },
  }
}
