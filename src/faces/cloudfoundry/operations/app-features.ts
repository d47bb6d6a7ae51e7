/** What an app can do besides tasks: nothing here, said as Cloud Controller says it of a foundation without it. */
import { findApp } from '../app/find-app.ts'
import { notFound } from '../errors.ts'
import { type Answer, type Call, type Operation, ok } from '../operation.ts'
import { pageDocument } from '../wire/page-document.ts'

const FEATURES: Readonly<Record<string, string>> = {
  ssh: 'Enable SSHing into the app.',
  revisions: 'Enable versioning of an application',
}

const present = (name: string): object => ({ name, description: FEATURES[name], enabled: false })

async function list(call: Call): Promise<Answer> {
  await findApp(call, call.param('guid'))
  const features = Object.keys(FEATURES).map(present)
  return ok(pageDocument(call.base + call.path, { page: 1, perPage: 50, repeated: [] }, features.length, features))
}

async function show(call: Call): Promise<Answer> {
  await findApp(call, call.param('guid'))
  const name = call.param('name')
  if (!Object.hasOwn(FEATURES, name)) throw notFound('Feature')
  return ok(present(name))
}

export const FEATURE_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/apps/:guid/features', answer: list },
  { method: 'GET', path: '/v3/apps/:guid/features/:name', answer: show },
  {
    method: 'GET',
    path: '/v3/apps/:guid/ssh_enabled',
    async answer(call) {
      await findApp(call, call.param('guid'))
      return ok({ enabled: false, reason: 'Disabled globally' })
    },
  },
]
