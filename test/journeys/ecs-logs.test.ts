import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand as ListTagsForLogResourceCommand,
  ListTagsLogGroupCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand as TagLogResourceCommand,
  UntagResourceCommand as UntagLogResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
})
afterAll(() => world.close())

async function run(family: string, script: string, logConfiguration?: object): Promise<{ arn: string; id: string }> {
  const container = {
    name: 'main',
    image: 'busybox',
    memory: 64,
    entryPoint: ['sh', '-c'],
    command: [script],
    ...(logConfiguration && { logConfiguration }),
  }
  await world.ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: [container as never] }))
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: family }))
  const arn = tasks![0]!.taskArn!
  return { arn, id: arn.split('/').at(-1)! }
}

const stopped = (arn: string) =>
  until(
    async () => (await world.ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks![0]!,
    (t) => t.lastStatus === 'STOPPED',
  )

const awslogs = (group: string, prefix: string) => ({
  logDriver: 'awslogs',
  options: {
    'awslogs-group': group,
    'awslogs-region': 'us-east-1',
    'awslogs-stream-prefix': prefix,
    'awslogs-create-group': 'true',
  },
})

/** Follows as every follower does: until the token that comes back is the one that was sent. */
async function readAll(logGroupName: string, logStreamName: string, limit: number): Promise<readonly string[]> {
  const lines: string[] = []
  let nextToken: string | undefined
  for (;;) {
    const page = await world.logs.send(
      new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true, limit, nextToken }),
    )
    lines.push(...page.events!.map((e) => e.message!))
    if (page.nextForwardToken === nextToken) return lines
    nextToken = page.nextForwardToken
  }
}

test('a stream is read forwards and backwards in pages, and its ends give back the token that was sent', async () => {
  const { arn, id } = await run('pages', 'i=1; while [ $i -le 250 ]; do echo line $i; i=$((i+1)); done')
  await stopped(arn)
  const [group, stream] = ['/taskport/ecs/pages', `main/main/${id}`]
  const expected = Array.from({ length: 250 }, (_, i) => `line ${i + 1}`)
  expect(await readAll(group, stream, 40)).toEqual(expected)
  const backwards: string[] = []
  let token: string | undefined
  for (;;) {
    const page = await world.logs.send(
      new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, limit: 60, nextToken: token }),
    )
    backwards.unshift(...page.events!.map((e) => e.message!))
    if (page.nextBackwardToken === token) break
    token = page.nextBackwardToken
  }
  expect(backwards).toEqual(expected)
  const last = await world.logs.send(new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, limit: 3 }))
  expect(last.events!.map((e) => e.message)).toEqual(['line 248', 'line 249', 'line 250'])
})

test('a running task is followed from its first line to its last, without losing or repeating one', async () => {
  const { arn, id } = await run(
    'followed',
    'i=1; while :; do echo $i; i=$((i+1)); sleep 0.02; done',
    awslogs('/app/followed', 'web'),
  )
  const stream = `web/main/${id}`
  const seen: number[] = []
  let token: string | undefined
  let last = false
  await until(
    async () => {
      const page = await world.logs.send(
        new GetLogEventsCommand({
          logGroupName: '/app/followed',
          logStreamName: stream,
          startFromHead: true,
          nextToken: token,
        }),
      )
      seen.push(...page.events!.map((e) => Number(e.message)))
      if (seen.length > 40 && !last) {
        await world.ecs.send(new StopTaskCommand({ task: arn }))
        await stopped(arn)
        last = true
        token = page.nextForwardToken
        return false
      }
      const ended = last && page.nextForwardToken === token
      token = page.nextForwardToken
      return ended
    },
    (ended) => ended,
  )
  expect(seen).toEqual(seen.map((_, i) => i + 1))
})

test('FilterLogEvents merges streams in order of time, page by page, and finds what matches', async () => {
  const one = await run(
    'merged',
    'for i in 1 2 3 4 5; do echo "one $i"; sleep 0.03; done',
    awslogs('/app/merged', 'one'),
  )
  const two = await run(
    'merged',
    'for i in 1 2 3 4 5; do echo "{\\"two\\": $i}"; sleep 0.03; done',
    awslogs('/app/merged', 'two'),
  )
  await Promise.all([stopped(one.arn), stopped(two.arn)])
  const events = []
  let nextToken: string | undefined
  do {
    const page = await world.logs.send(new FilterLogEventsCommand({ logGroupName: '/app/merged', limit: 3, nextToken }))
    events.push(...page.events!)
    nextToken = page.nextToken
  } while (nextToken)
  expect(events).toHaveLength(10)
  expect(new Set(events.map((e) => e.eventId)).size).toBe(10)
  const times = events.map((e) => e.timestamp!)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  const filter = async (filterPattern: string, more: object = {}) =>
    (
      await world.logs.send(new FilterLogEventsCommand({ logGroupName: '/app/merged', filterPattern, ...more }))
    ).events!.map((e) => e.message)
  expect(await filter('one 3')).toEqual(['one 3'])
  expect(await filter('"one 3"')).toEqual(['one 3'])
  expect(await filter('?3 ?4', { logStreamNamePrefix: 'one/' })).toEqual(['one 3', 'one 4'])
  expect(await filter('one -1 -2 -3')).toEqual(['one 4', 'one 5'])
  expect(await filter('{ $.two >= 4 }')).toEqual(['{"two": 4}', '{"two": 5}'])
  expect(await filter('', { startTime: times[5]! })).toHaveLength(times.filter((t) => t >= times[5]!).length)
})

test('clients make groups and streams of their own and write to them', async () => {
  const logGroupName = '/own/group'
  await world.logs.send(new CreateLogGroupCommand({ logGroupName }))
  await expect(world.logs.send(new CreateLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
  })
  await world.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }))
  const now = Date.now()
  const logEvents = [1, 2, 3].map((i) => ({ timestamp: now + i, message: `event ${i}` }))
  await world.logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: 's', logEvents }))
  expect(await readAll(logGroupName, 's', 2)).toEqual(['event 1', 'event 2', 'event 3'])
  await world.logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 }))
  const { logGroups } = await world.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/own' }))
  expect(logGroups).toMatchObject([{ logGroupName, retentionInDays: 7 }])
  for (const [name, message] of [
    ['/nowhere', 'The specified log group does not exist.'],
    [logGroupName, 'The specified log stream does not exist.'],
  ])
    await expect(
      world.logs.send(new GetLogEventsCommand({ logGroupName: name, logStreamName: 'x' })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message,
    })
})

test('what is older than the retention policy of its group is not shown', async () => {
  const logGroupName = '/own/expiring'
  await world.logs.send(new CreateLogGroupCommand({ logGroupName }))
  await world.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }))
  const day = 86_400_000
  const logEvents = [3, 2, 0].map((days) => ({ timestamp: Date.now() - days * day - 1_000, message: `${days} days` }))
  await world.logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: 's', logEvents }))
  const shown = async () => {
    const { events } = await world.logs.send(new FilterLogEventsCommand({ logGroupName }))
    const last = await world.logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: 's' }))
    const all = await readAll(logGroupName, 's', 10)
    return [events!.map((e) => e.message), last.events!.map((e) => e.message), all]
  }
  const everything = ['3 days', '2 days', '0 days']
  expect(await shown()).toEqual([everything, everything, everything])
  await world.logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }))
  expect(await shown()).toEqual([['0 days'], ['0 days'], ['0 days']])
})

test('streams are listed by name and by their last event', async () => {
  const first = await run('listed', 'echo a', awslogs('/app/listed', 'a'))
  await stopped(first.arn)
  const second = await run('listed', 'echo b', awslogs('/app/listed', 'b'))
  await stopped(second.arn)
  const list = async (more: object) =>
    (await world.logs.send(new DescribeLogStreamsCommand({ logGroupName: '/app/listed', ...more }))).logStreams!.map(
      (s) => s.logStreamName,
    )
  const [a, b] = [`a/main/${first.id}`, `b/main/${second.id}`]
  expect(await list({})).toEqual([a, b])
  expect(await list({ orderBy: 'LastEventTime', descending: true })).toEqual([b, a])
  expect(await list({ logStreamNamePrefix: 'b/' })).toEqual([b])
})

test('Terraform’s life of a group: its class, tags and streams are what was asked for, until they are deleted', async () => {
  const logGroupName = '/own/terraform'
  await world.logs.send(
    new CreateLogGroupCommand({ logGroupName, logGroupClass: 'INFREQUENT_ACCESS', tags: { a: '1', b: '2' } }),
  )
  const [group] = (await world.logs.send(new DescribeLogGroupsCommand({ logGroupIdentifiers: [logGroupName] })))
    .logGroups!
  expect(group).toMatchObject({ logGroupName, logGroupClass: 'INFREQUENT_ACCESS' })
  const resourceArn = group!.logGroupArn!
  await Promise.all(
    ['c', 'd', 'e'].map((key) => world.logs.send(new TagLogResourceCommand({ resourceArn, tags: { [key]: '3' } }))),
  )
  await world.logs.send(new UntagLogResourceCommand({ resourceArn, tagKeys: ['a', 'd'] }))
  const tags = { b: '2', c: '3', e: '3' }
  expect((await world.logs.send(new ListTagsForLogResourceCommand({ resourceArn }))).tags).toEqual(tags)
  expect((await world.logs.send(new ListTagsLogGroupCommand({ logGroupName }))).tags).toEqual(tags)
  const stream = { logGroupName, logStreamName: 's' }
  await world.logs.send(new CreateLogStreamCommand(stream))
  await world.logs.send(new PutLogEventsCommand({ ...stream, logEvents: [{ timestamp: Date.now(), message: 'gone' }] }))
  await world.logs.send(new DeleteLogStreamCommand(stream))
  expect((await world.logs.send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams).toEqual([])
  await world.logs.send(new CreateLogStreamCommand(stream))
  expect(await readAll(logGroupName, 's', 10)).toEqual([])
})

test('wide lines are read whole in every direction, a megabyte a page', async () => {
  const wide =
    'i=1; while [ $i -le 24 ]; do printf "%03d" $i; head -c 200000 /dev/zero | tr "\\0" x; echo; i=$((i+1)); done'
  const { arn, id } = await run('wide', wide)
  await stopped(arn)
  const logGroupName = '/taskport/ecs/wide'
  const where = { logGroupName, logStreamName: `main/main/${id}` }
  type Events = readonly { readonly message?: string | undefined }[]
  const numbers = (events: Events = []) => events.map((e) => Number(e.message!.slice(0, 3)))
  const pagesOf = async (read: (token: string | undefined) => Promise<[Events | undefined, string | undefined]>) => {
    const pages: number[][] = []
    for (let token: string | undefined; ; ) {
      const [events, next] = await read(token)
      if (next === token) return pages
      pages.push(numbers(events))
      if (next === undefined) return pages
      token = next
    }
  }
  const given = (nextToken: string | undefined) => (nextToken === undefined ? {} : { nextToken })
  const filtered = await pagesOf(async (token) => {
    const page = await world.logs.send(new FilterLogEventsCommand({ logGroupName, ...given(token) }))
    return [page.events, page.nextToken]
  })
  const forwards = await pagesOf(async (token) => {
    const page = await world.logs.send(new GetLogEventsCommand({ ...where, startFromHead: true, ...given(token) }))
    return [page.events, page.nextForwardToken]
  })
  const backwards = await pagesOf(async (token) => {
    const page = await world.logs.send(new GetLogEventsCommand({ ...where, ...given(token) }))
    return [page.events, page.nextBackwardToken]
  })
  const all = Array.from({ length: 24 }, (_, i) => i + 1)
  for (const pages of [filtered, forwards, [...backwards].reverse()]) {
    expect(pages.flat()).toEqual(all)
    expect(Math.max(...pages.map((page) => page.length))).toBe(5)
  }
  const found = new FilterLogEventsCommand({ logGroupName, filterPattern: '024' })
  expect(numbers((await world.logs.send(found)).events)).toEqual([24])
  const { logStreams } = await world.logs.send(new DescribeLogStreamsCommand({ logGroupName }))
  expect(logStreams![0]!.firstEventTimestamp).toBeLessThanOrEqual(logStreams![0]!.lastEventTimestamp!)
})
