/** Exact types and texts of refusals: reference ecs.md 4.1–4.4 (public issues that quote AWS, and moto's tests, as of 2026-09). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
  const container = { name: 'main', image: 'b', memory: 16, entryPoint: ['true'] }
  const register = (family: string, more: object = {}) =>
    call('RegisterTaskDefinition', { family, containerDefinitions: [container], ...more })
  await register('known')
  await register('vpc', { networkMode: 'awsvpc' })
  await register('gone')
  await call('DeregisterTaskDefinition', { taskDefinition: 'gone:1' })
  await call('CreateCluster', { clusterName: 'empty' })
  await call('CreateCluster', { clusterName: 'deleted' })
  await call('DeleteCluster', { cluster: 'deleted' })
})
afterAll(() => world.close())

async function call(
  operation: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly reply: object }> {
  const answer = await fetch(world.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
      ...headers,
    },
    body: JSON.stringify(body),
  })
  return { status: answer.status, reply: (await answer.json()) as object }
}

const ID = 'f'.repeat(32)
const TASK_ELSEWHERE = `arn:aws:ecs:us-east-1:123456789012:task/other/${ID}`
const HUNDRED_AND_ONE = Array.from({ length: 101 }, (_, i) => i.toString(16).padStart(32, '0'))
const run = (more: object): readonly [string, object] => ['RunTask', { taskDefinition: 'known', ...more }]

const vpc = (more: object, network: object = {}): readonly [string, object] =>
  run({
    taskDefinition: 'vpc',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], ...network } },
    ...more,
  })
const GPU = { type: 'GPU', value: '1' }
const PORT_3000 = { containerPort: 2, hostPort: 3000 }
const FARGATE_256 = { requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc', cpu: '256', memory: '512' }
const definition = (...containers: readonly object[]): object => ({
  family: 'refused',
  containerDefinitions: containers.map((c) => ({ name: 'main', image: 'b', memory: 16, ...c })),
})
const define = (...containers: readonly object[]): readonly [string, object] => [
  'RegisterTaskDefinition',
  definition(...containers),
]

const REFUSALS: readonly (readonly [readonly [string, object], string, string])[] = [
  [run({ cluster: 'nowhere' }), 'ClusterNotFoundException', 'Cluster not found.'],
  [run({ cluster: 'deleted' }), 'ClusterNotFoundException', 'The referenced cluster was inactive.'],
  [['DescribeTasks', { cluster: 'nowhere', tasks: [] }], 'ClusterNotFoundException', 'Cluster not found.'],
  [run({ cluster: 'empty' }), 'InvalidParameterException', 'No Container Instances were found in your cluster.'],
  [
    run({ overrides: { containerOverrides: [{ name: 'other' }] } }),
    'InvalidParameterException',
    'Override for container named other is not a container in the TaskDefinition.',
  ],
  [run({ taskDefinition: 'gone:1' }), 'InvalidParameterException', 'TaskDefinition is inactive'],
  [run({ taskDefinition: 'gone' }), 'ClientException', 'TaskDefinition not found.'],
  [run({ taskDefinition: 'nowhere' }), 'ClientException', 'TaskDefinition not found.'],
  [
    run({ taskDefinition: 'vpc' }),
    'InvalidParameterException',
    "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
  ],
  [
    run({ cluster: 'nowhere', launchType: 'LAPTOP' }),
    'InvalidParameterException',
    'launch type should be one of [EC2,FARGATE,EXTERNAL]',
  ],
  [
    run({ launchType: 'EC2', capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] }),
    'InvalidParameterException',
    'Specify either Launch Type or Capacity Provider Strategy, but not both.',
  ],
  [run({ startedBy: 'x'.repeat(129) }), 'InvalidParameterException', 'startedBy longer than 128.'],
  [
    ['StartTask', { taskDefinition: 'known', containerInstances: [ID], startedBy: 'x'.repeat(37) }],
    'InvalidParameterException',
    'startedBy longer than 36.',
  ],
  [
    ['ListTasks', { startedBy: 'me', family: 'known' }],
    'InvalidParameterException',
    'cannot specify startedBy with other arguments',
  ],
  [['DescribeTasks', { tasks: [] }], 'InvalidParameterException', 'Tasks cannot be empty.'],
  [['DescribeTasks', { tasks: HUNDRED_AND_ONE }], 'InvalidParameterException', 'taskIds can have at most 100 items.'],
  [
    ['DescribeTasks', { tasks: [TASK_ELSEWHERE] }],
    'InvalidParameterException',
    'Invalid identifier: Identifier is for cluster other. Your cluster is default',
  ],
  [
    ['DescribeTasks', { tasks: ['arn:aws:ecs:us-east-1'] }],
    'ClientException',
    'com.amazon.arn.ARNSyntaxException: Fourth colon (region/namespace delimiter) not found: arn:aws:ecs:us-east-1',
  ],
  [
    ['DescribeContainerInstances', { containerInstances: HUNDRED_AND_ONE }],
    'InvalidParameterException',
    'instanceIds can have at most 100 items.',
  ],
  [
    ['DescribeServices', { services: HUNDRED_AND_ONE.slice(0, 11) }],
    'InvalidParameterException',
    'service names can have at most 10 items.',
  ],
  [['StopTask', { task: ID }], 'InvalidParameterException', 'The referenced task was not found.'],
  [
    ['UpdateContainerInstancesState', { containerInstances: [ID], status: 'GONE' }],
    'InvalidParameterException',
    'Container instance status should be one of [ACTIVE, DRAINING]',
  ],
  [['DescribeTaskDefinition', { taskDefinition: 'nowhere' }], 'ClientException', 'Unable to describe task definition.'],
  [['DeregisterTaskDefinition', { taskDefinition: 'known' }], 'ClientException', 'Revision is missing.'],
  [
    ['DeregisterTaskDefinition', { taskDefinition: 'known:foo' }],
    'InvalidParameterException',
    'Invalid revision number. Number: foo',
  ],
  [
    ['DeregisterTaskDefinition', { taskDefinition: 'known:99' }],
    'ClientException',
    'Unable to describe task definition.',
  ],
  [
    ['DeleteTaskDefinitions', { taskDefinitions: [] }],
    'InvalidParameterException',
    'size of TaskDefinition references list must be greater than 0',
  ],
  [
    ['DeleteTaskDefinitions', { taskDefinitions: HUNDRED_AND_ONE.slice(0, 11) }],
    'InvalidParameterException',
    'Size of TaskDefinition references list cannot exceed 10',
  ],
  [['ListTasks', { nextToken: 'x' }], 'InvalidParameterException', 'Invalid token.'],
  // Public issues that quote AWS, as of 2026-11: named where each is thrown.
  [
    ['ListTasks', { serviceName: 's', family: 'f' }],
    'InvalidParameterException',
    'cannot specify serviceName with other arguments',
  ],
  [
    run({ cluster: 'arn:aws:ecs:eu-west-1:123456789012:cluster/default' }),
    'InvalidParameterException',
    'Invalid Region in ARN',
  ],
  [
    ['DescribeTaskDefinition', { taskDefinition: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/known:1' }],
    'InvalidParameterException',
    'Invalid Region in ARN',
  ],
  [
    ['ExecuteCommand', { task: 'short', command: 'sh', interactive: true }],
    'InvalidParameterException',
    'task length should be one of [32,36]',
  ],
  [
    ['StopTask', { task: 'arn:aws:ecs:us-east-1:123456789012:cluster/default' }],
    'InvalidParameterException',
    'Unsupported resource type: cluster',
  ],
  [
    vpc({ launchType: 'EXTERNAL' }),
    'InvalidParameterException',
    'Task definition does not support launch_type EXTERNAL.',
  ],
  [
    run({ launchType: 'FARGATE' }),
    'InvalidParameterException',
    'Task definition does not support launch_type FARGATE.',
  ],
  [
    run({ launchType: 'EC2', platformVersion: 'LATEST' }),
    'InvalidParameterException',
    'The platform version must be null when specifying an EC2 launch type.',
  ],
  [
    vpc({ launchType: 'EC2' }, { assignPublicIp: 'ENABLED' }),
    'InvalidParameterException',
    'Assign public IP is not supported for this launch type.',
  ],
  [
    vpc({ launchType: 'FARGATE', platformVersion: '9.9.9' }),
    'PlatformUnknownException',
    'The specified platform does not exist.',
  ],
  [
    vpc({ launchType: 'FARGATE', overrides: { containerOverrides: [{ name: 'main', resourceRequirements: [GPU] }] } }),
    'PlatformTaskDefinitionIncompatibilityException',
    'One or more of the requested capabilities are not supported.',
  ],
  [
    run({ tags: ['a', 'a'].map((key) => ({ key, value: 'x' })) }),
    'InvalidParameterException',
    'Multiple tags contain the same key.',
  ],
  [define(...Array.from({ length: 11 }, (_, i) => ({ name: `c${i}` }))), 'ClientException', 'Too many containers.'],
  [
    ['RegisterTaskDefinition', { ...definition({}), memory: '15' }],
    'ClientException',
    "The 'memory' setting for container 'main' is greater than for the task.",
  ],
  [define({ essential: false }), 'ClientException', "Task definition doesn't have any essential container."],
  [
    define({ dependsOn: [{ containerName: 'other', condition: 'START' }] }),
    'ClientException',
    "Cannot depend on container + 'other' because it does not exist",
  ],
  [
    define({ links: ['side'] }, { name: 'side', links: ['main'] }),
    'ClientException',
    'Container links should not have a cycle',
  ],
  [
    define({ portMappings: [{ containerPort: 1, hostPort: 3000 }] }, { name: 'side', portMappings: [PORT_3000] }),
    'ClientException',
    "TCP host port '3000' is mapped multiple times in task.",
  ],
  [
    define({ portMappings: [{ hostPort: 7000 }] }),
    'ClientException',
    "Invalid 'containerPort' setting for container 'main'.",
  ],
  [
    ['RegisterTaskDefinition', { ...definition({ hostname: 'h' }), networkMode: 'awsvpc' }],
    'ClientException',
    'hostname is not supported on container when networkMode=awsvpc.',
  ],
  [
    ['RegisterTaskDefinition', { ...definition({}), ...FARGATE_256, ipcMode: 'task' }],
    'ClientException',
    'Tasks using the Fargate launch type do not support ipcMode.',
  ],
]

test.each(REFUSALS.map(([[operation, body], type, message]) => ({ operation, body, type, message })))(
  '$operation: $message',
  async ({ operation, body, type, message }) => {
    expect(await call(operation, body)).toEqual({ status: 400, reply: { __type: type, message } })
  },
)

// Development mode is for programs: a page could reach it under a name of its own that resolves to this machine.
test.each([
  ['http://localhost:3000', 200],
  ['http://127.0.0.1:7400', 200],
  ['http://[::1]:7400', 200],
  ['http://rebound.example:7400', 400],
  ['http://127.0.0.1.example', 400],
  ['null', 400],
])('development mode answers a page of %s with %i', async (origin, status) => {
  for (const authorization of [
    {},
    { authorization: 'AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/ecs/aws4_request' },
  ])
    expect((await call('ListClusters', {}, { origin, ...authorization })).status).toBe(status)
})

test('a reply has AWS’s type, without a charset, its length and its own id', async () => {
  const headers = { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters' }
  const replies = [await fetch(world.endpoint, { method: 'POST', headers, body: '{}' })]
  replies.push(await fetch(world.endpoint, { method: 'POST', headers, body: 'null' }))
  expect(replies.map((r) => [r.status, r.headers.get('content-type')])).toEqual([
    [200, 'application/x-amz-json-1.1'],
    [400, 'application/x-amz-json-1.1'],
  ])
  const [cluster, refusal] = await Promise.all(replies.map((r) => r.text()))
  expect(replies.map((r) => Number(r.headers.get('content-length')))).toEqual([cluster!.length, refusal!.length])
  expect(new Set(replies.map((r) => r.headers.get('x-amzn-requestid'))).size).toBe(2)
  expect(JSON.parse(refusal!)).toEqual({
    __type: 'SerializationException',
    message: 'Expected map or structure, found NULL_VALUE',
  })
})

// AWS_ENDPOINT_URL concerns every service: what clients of others ask must be an answer they can read.
test.each([
  ['iam', /^<ErrorResponse [^>]*>\s*<Error><Type>Sender<\/Type><Code>UnknownOperationException<\/Code>/],
  ['ec2', /^<Response><Errors><Error><Code>UnknownOperationException<\/Code>/],
])('an action of %s is refused in the XML of its protocol', async (service, form) => {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `AWS4-HMAC-SHA256 Credential=k/20261122/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  }
  const answer = await fetch(world.url, { method: 'POST', headers, body: 'Action=Describe%3CThings&Version=1' })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'text/xml'])
  const text = await answer.text()
  expect(text).toMatch(form)
  expect(text).toContain('The action Describe&lt;Things is not valid for this web service.')
})
