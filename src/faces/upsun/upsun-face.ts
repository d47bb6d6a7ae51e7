import type { Face, FaceContext } from '../kit/face.ts'
import { activityHook } from './activity/activity-hook.ts'
import { Authenticator, FACE } from './auth.ts'
import { CLAIMS } from './claims.ts'
import { BuildSweeper } from './deployment/build-sweeper.ts'
import type { UpsunOptions } from './options.ts'
import { reactor } from './react.ts'
import { Routes } from './routes.ts'
import { TokenEndpoint } from './token-endpoint/token-endpoint.ts'

/** Upsun's task API, with what its command line asks around it. */
export function upsunFace(context: FaceContext, options: UpsunOptions): Face {
  const authenticator = new Authenticator(context)
  const builds = new BuildSweeper(context, options)
  const tokens = new TokenEndpoint(context, authenticator)
  return {
    name: FACE,
    claims: CLAIMS,
    reactor,
    webhookFormats: { upsun: activityHook },
    mount: (app) => new Routes({ context, authenticator, tokens, builds, options }).mount(app),
    async environment(origin) {
      const { secret } = await context.credentials.firstStart(FACE)
      return { UPSUN_CLI_API_URL: origin, UPSUN_CLI_AUTH_URL: origin, UPSUN_CLI_TOKEN: secret }
    },
  }
}
