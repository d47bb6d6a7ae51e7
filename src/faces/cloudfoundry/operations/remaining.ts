/** Lists of things that a foundation for tasks has none of, but that clients look at in passing. */
import { findApp } from '../app/find-app.ts'
import { type Answer, type Call, type Operation, ok } from '../operation.ts'
import { pageDocument } from '../wire/page-document.ts'

const EMPTY = [
  '/v3/routes',
  '/v3/domains',
  '/v3/deployments',
  '/v3/sidecars',
  '/v3/isolation_segments',
  '/v3/security_groups',
  '/v3/service_offerings',
  '/v3/service_plans',
  '/v3/service_brokers',
  '/v3/service_route_bindings',
]

const none = async (call: Call): Promise<Answer> => {
  const repeated = [...call.query].filter(([key]) => key !== 'page' && key !== 'per_page')
  return ok(pageDocument(call.base + call.path, { page: 1, perPage: 50, repeated }, 0, []))
}

const ofApp = async (call: Call): Promise<Answer> => {
  await findApp(call, call.param('guid'))
  return none(call)
}

export const REMAINING_OPERATIONS: readonly Operation[] = [
  ...EMPTY.map((path): Operation => ({ method: 'GET', path, answer: none })),
  { method: 'GET', path: '/v3/apps/:guid/routes', answer: ofApp },
  { method: 'GET', path: '/v3/apps/:guid/sidecars', answer: ofApp },
  { method: 'GET', path: '/v3/apps/:guid/revisions', answer: ofApp },
  { method: 'GET', path: '/v3/apps/:guid/revisions/deployed', answer: ofApp },
]
