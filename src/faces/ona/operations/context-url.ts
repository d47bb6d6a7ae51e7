/** What an address is that an environment may be made from, and whether its host can be asked. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Content } from '../../../workspaces/checkout.ts'
import { allDocuments } from '../../kit/documents.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type ProjectRecord } from '../documents.ts'
import { contentOf, contentOfUrl } from '../environment/initializer.ts'
import { CLASS_ID, RUNNER_ID } from '../environment/present-environment.ts'
import { specToJson } from '../environment/spec-json.ts'
import { missing } from '../errors.ts'
import type * as wire from '../gen/gitpod/v1/runner_pb.js'
import { specOfProject } from '../project/spec-of-project.ts'
import { needText, needUuid } from '../wire/validate.ts'

/** Throws `invalid_argument` for an address that no environment could be made from. */
export async function parseContextUrl(
  call: Call,
  { contextUrl, runnerId }: wire.ParseContextURLRequest,
): Promise<MessageInitShape<typeof wire.ParseContextURLResponseSchema>> {
  checkRunner(call, runnerId)
  const content = contentOfUrl(call.options, needText('context_url', contextUrl), 'context_url')
  return {
    originalContextUrl: contextUrl,
    ...(content.kind === 'git' && { git: gitOf(content) }),
    projectIds: await projectsOf(call, content),
    recommendedEnvironmentClasses: [CLASS_ID],
  }
}

/** `https://host/owner/repo.git`, `git@host:owner/repo`: the last part is the repository, what is before it the owner. */
function gitOf({ url, target }: Extract<Content, { kind: 'git' }>) {
  const [, host = '', path = ''] = /^(?:\w+:\/\/)?(?:[^@/]*@)?([^/:]+)(?::\d+)?[/:]+(.*?)(?:\.git)?\/*$/.exec(url) ?? []
  const at = path.lastIndexOf('/')
  return {
    cloneUrl: url,
    host,
    owner: path.slice(0, Math.max(0, at)),
    repo: path.slice(at + 1),
    ...(target?.kind === 'branch' && { branch: target.name }),
    ...(target?.kind === 'tag' && { tag: target.name }),
    ...(target?.kind === 'commit' && { commit: target.name }),
  }
}

/** Projects of the same repository. */
async function projectsOf(call: Call, content: Content): Promise<string[]> {
  if (content.kind !== 'git') return []
  const projects = await allDocuments<ProjectRecord>(call.engine, call.tenant, COLLECTIONS.project)
  return projects.flatMap(({ body }) => {
    const own = contentOf(call.options, specToJson(specOfProject(body)))
    return own.kind === 'git' && own.url === content.url ? [body.id] : []
  })
}

/** Clones are anonymous: nobody needs to sign in anywhere first. */
export async function checkAuthenticationForHost(
  call: Call,
  { host, runnerId }: wire.CheckAuthenticationForHostRequest,
): Promise<MessageInitShape<typeof wire.CheckAuthenticationForHostResponseSchema>> {
  checkRunner(call, runnerId)
  needText('host', host)
  return { authenticated: true }
}

/** There is one runner: this machine. */
function checkRunner(call: Call, id: string): void {
  checkEnvironment(call, '')
  if (id !== '' && needUuid('runner_id', id) !== RUNNER_ID) throw missing('runner', id)
}
