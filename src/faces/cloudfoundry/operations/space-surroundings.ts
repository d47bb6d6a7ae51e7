/** What `cf space` reads about a space besides: features, security groups and isolation, of which there are none. */
import { type Answer, type Call, type Operation, ok } from '../operation.ts'
import { hrefs } from '../present.ts'
import { pageDocument } from '../wire/page-document.ts'
import { findSpace } from './spaces.ts'

const SSH = { name: 'ssh', description: 'Enable SSHing into apps in the space.', enabled: false }

const ofSpace =
  (body: (call: Call) => object) =>
  async (call: Call): Promise<Answer> => {
    await findSpace(call, call.param('guid'))
    return ok(body(call))
  }

const none = (call: Call): object => pageDocument(call.base + call.path, { page: 1, perPage: 50, repeated: [] }, 0, [])

export const SPACE_SURROUNDINGS: readonly Operation[] = [
  { method: 'GET', path: '/v3/spaces/:guid/features', answer: ofSpace(() => ({ resources: [SSH] })) },
  { method: 'GET', path: '/v3/spaces/:guid/features/ssh', answer: ofSpace(() => SSH) },
  { method: 'GET', path: '/v3/spaces/:guid/running_security_groups', answer: ofSpace(none) },
  { method: 'GET', path: '/v3/spaces/:guid/staging_security_groups', answer: ofSpace(none) },
  {
    method: 'GET',
    path: '/v3/spaces/:guid/relationships/isolation_segment',
    answer: ofSpace((call) => ({ data: null, links: hrefs(call.base, { self: call.path }) })),
  },
]
