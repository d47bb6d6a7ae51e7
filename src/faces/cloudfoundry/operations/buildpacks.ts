/** What bits are staged by and run on: one buildpack, which takes them as they are, and one stack, this machine. */
import { type Buildpack, COLLECTIONS, type Stack } from '../documents.ts'
import { notFound } from '../errors.ts'
import { type Call, type Operation, ok } from '../operation.ts'
import { head, hrefs, metadataOf } from '../present.ts'
import { answerList } from '../wire/answer-list.ts'
import { NO_METADATA } from '../wire/metadata.ts'

const presentStack = (stack: Stack, base: string): object => ({
  ...head(stack),
  name: stack.name,
  description: stack.description,
  run_rootfs_image: stack.name,
  build_rootfs_image: stack.name,
  default: true,
  metadata: metadataOf(NO_METADATA),
  links: hrefs(base, { self: `/v3/stacks/${stack.guid}` }),
})

const presentBuildpack = (buildpack: Buildpack, base: string): object => ({
  ...head(buildpack),
  name: buildpack.name,
  stack: null,
  state: 'READY',
  filename: null,
  position: 1,
  enabled: true,
  locked: false,
  lifecycle: 'buildpack',
  metadata: metadataOf(NO_METADATA),
  links: hrefs(base, { self: `/v3/buildpacks/${buildpack.guid}` }),
})

export const BUILDPACK_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v3/stacks',
    answer: (call) =>
      answerList<Stack>(call, {
        collection: COLLECTIONS.stack,
        filters: { names: (s) => s.name, default: () => 'true' },
        orders: { name: (s) => s.name },
        visible: () => true,
        present: (s) => presentStack(s, call.base),
      }),
  },
  {
    method: 'GET',
    path: '/v3/stacks/:guid',
    answer: async (call) => ok(presentStack(await find<Stack>(call, COLLECTIONS.stack, 'Stack'), call.base)),
  },
  {
    method: 'GET',
    path: '/v3/buildpacks',
    answer: (call) =>
      answerList<Buildpack>(call, {
        collection: COLLECTIONS.buildpack,
        filters: { names: (b) => b.name, stacks: () => undefined, lifecycle: () => 'buildpack' },
        orders: { name: (b) => b.name, position: () => 1 },
        visible: () => true,
        present: (b) => presentBuildpack(b, call.base),
      }),
  },
  {
    method: 'GET',
    path: '/v3/buildpacks/:guid',
    answer: async (call) =>
      ok(presentBuildpack(await find<Buildpack>(call, COLLECTIONS.buildpack, 'Buildpack'), call.base)),
  },
]

async function find<Body extends Stack | Buildpack>(call: Call, collection: string, thing: string): Promise<Body> {
  const found = await call.records.find<Body>(collection, call.param('guid'))
  if (!found) throw notFound(thing)
  return found
}
