import type { Face, FaceContext } from '../kit/face.ts'
import { Authenticator, FACE } from './auth.ts'
import type { Parts } from './call.ts'
import { CLAIMS } from './claims.ts'
import { Errands } from './environment/errands.ts'
import { performErrand } from './environment/perform-errand.ts'
import { EventHub } from './events/event-hub.ts'
import { mountLogs } from './logs/log-routes.ts'
import { DEFAULT_OPTIONS, type OnaOptions } from './options.ts'
import { Routes } from './routes.ts'

/** Gitpod's and Ona's environments, tasks and services, for both generations of clients. */
export function onaFace(context: FaceContext, given: Partial<OnaOptions> = {}): Face {
  const { engine } = context
  const errands: Errands = new Errands(engine, context.log, (errand, signal) => performErrand(parts, errand, signal))
  const parts: Parts = {
    engine,
    context,
    options: { ...DEFAULT_OPTIONS, ...given },
    auth: new Authenticator(context),
    hub: new EventHub(engine, context.log),
    errands,
  }
  return {
    name: FACE,
    claims: CLAIMS,
    mount(app) {
      new Routes(parts).mount(app)
      mountLogs(app, parts)
      app.addHook('onReady', () => errands.resume(app.closing))
    },
    async environment(origin) {
      const { secret } = await context.credentials.firstStart(FACE)
      const base = `${origin}/api`
      return { GITPOD_BASE_URL: base, GITPOD_API_KEY: secret, ONA_BASE_URL: base, ONA_API_KEY: secret }
    },
  }
}
