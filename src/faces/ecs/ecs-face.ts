import { createSecretKey } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { Face, FaceContext } from '../kit/face.ts'
import { FACE } from './auth.ts'
import { eventBridge } from './event-bridge.ts'
import { METADATA_PATH, mountMetadata } from './metadata/metadata-routes.ts'
import { DEFAULT_OPTIONS, type EcsOptions } from './options.ts'
import { reactor } from './react.ts'
import { Routes } from './routes.ts'

/** Amazon ECS, with the CloudWatch Logs operations and sts:GetCallerIdentity that its clients need. */
export function ecsFace(context: FaceContext, given: Partial<EcsOptions> = {}): Face {
  const options: EcsOptions = { ...DEFAULT_OPTIONS, hostAddress: addressOfThisMachine(), ...given }
  const tokenKey = createSecretKey(context.deriveKey('ecs/metadata'))
  const routes = new Routes(context, options, tokenKey)
  return {
    name: FACE,
    claims: [{ method: 'POST', exact: '/' }, { prefix: METADATA_PATH }],
    forTasks: [{ prefix: METADATA_PATH }],
    reactor,
    webhookFormats: { eventbridge: eventBridge },
    mount(app) {
      routes.mount(app)
      mountMetadata(app, context, tokenKey)
    },
    async environment(origin) {
      const first = await context.credentials.firstStart(FACE)
      return {
        AWS_ENDPOINT_URL: origin,
        AWS_ACCESS_KEY_ID: first.name,
        AWS_SECRET_ACCESS_KEY: first.secret,
        AWS_REGION: options.region,
        AWS_DEFAULT_REGION: options.region,
      }
    },
  }
}

function addressOfThisMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return all.find((a) => a.family === 'IPv4' && !a.internal)?.address ?? DEFAULT_OPTIONS.hostAddress
}
