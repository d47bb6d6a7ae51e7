import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AwsError } from '../errors.ts'
import { DEFAULT_OPTIONS, type EcsOptions } from '../options.ts'
import { isFargateSize } from './fargate-size.ts'
import { definitionOf } from './register.ts'
import { cpuText, memoryText } from './size-text.ts'
import { type RegisterTaskDefinitionInput, registerTaskDefinitionShape } from './task-definition-shape.ts'

const register = (input: object, options: EcsOptions = DEFAULT_OPTIONS) =>
  definitionOf(registerTaskDefinitionShape.read(input, '') as RegisterTaskDefinitionInput, options, 'me', 0)

const container = (more: object = {}) => ({ name: 'main', image: 'busybox', memory: 64, ...more })
const definition = (...containers: object[]) => ({ family: 'f', containerDefinitions: containers })
const fargate = (more: object = {}, c: object = {}) => ({
  ...definition(container(c)),
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  ...more,
})

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof AwsError) return `${error.type}: ${error.message}`
    throw error
  }
  return 'accepted'
}

test('registration fills in the defaults that AWS fills in, and nothing else', () => {
  const { containerDefinitions, ...rest } = register(definition(container({ portMappings: [{ containerPort: 80 }] })))
  expect(containerDefinitions).toEqual([
    {
      name: 'main',
      image: 'busybox',
      memory: 64,
      cpu: 0,
      essential: true,
      environment: [],
      mountPoints: [],
      volumesFrom: [],
      systemControls: [],
      portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }],
    },
  ])
  expect(rest).toEqual({
    family: 'f',
    volumes: [],
    placementConstraints: [],
    compatibilities: ['EXTERNAL', 'EC2'],
    status: 'ACTIVE',
    registeredAt: 0,
    registeredBy: 'me',
    tags: [],
  })
  const awsvpc = register(fargate({}, { portMappings: [{ containerPort: 80 }] }))
  expect(awsvpc.containerDefinitions[0]!.portMappings).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'tcp' }])
  expect(awsvpc.compatibilities).toEqual(['EC2', 'FARGATE'])
})

/** Texts: reference ecs.md 4.4, from public issues and moto's tests. */
const REFUSALS: readonly (readonly [object, string])[] = [
  [definition(container({ name: undefined })), 'Container.name should not be null or empty.'],
  [definition(container({ name: 'a b' })), 'Container.name contains invalid characters.'],
  [definition(container({ image: '' })), 'Container.image should not be null or empty.'],
  [
    definition({ name: 'X', image: 'i' }),
    "Invalid setting for container 'X'. At least one of 'memory' or 'memoryReservation' must be specified.",
  ],
  [
    definition(container({ dependsOn: [{ containerName: 'b', condition: 'SUCCESS' }] }), container({ name: 'b' })),
    'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container',
  ],
  [
    { ...fargate({}, { portMappings: [{ containerPort: 80, hostPort: 81 }] }) },
    'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
  ],
  [
    definition(container({ logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g' } } })),
    'Log driver awslogs requires options: awslogs-region, awslogs-group',
  ],
  [fargate({ cpu: undefined }), "Fargate requires that 'cpu' be defined at the task level."],
  [fargate({ memory: undefined }), "Fargate requires that 'memory' be defined at the task level."],
  [fargate({ networkMode: 'bridge' }), "Fargate only supports network mode 'awsvpc'."],
  [
    fargate({ pidMode: 'host' }),
    "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
  ],
  [
    fargate({ cpu: 'a lot' }),
    "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
  ],
  [
    { ...definition(container({ cpu: 300 })), cpu: '256' },
    "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
  ],
  [{ ...definition(container()), taskRoleArn: 'arn:aws:iam::1:nonsense' }, 'Role is not valid'],
]

test.each(REFUSALS)('%j', (input, message) => {
  expect(refusal(() => register(input))).toBe(`ClientException: ${message}`)
})

describe('also refused, in words of our own', () => {
  const cases: Readonly<Record<string, object>> = {
    'no container': definition(),
    'no essential container': definition(container({ essential: false })),
    'eleven containers': definition(...Array.from({ length: 11 }, (_, i) => container({ name: `c${i}` }))),
    'the same name twice': definition(container(), container()),
    'the same port twice': definition(container({ portMappings: [{ containerPort: 80 }, { containerPort: 80 }] })),
    'a port beyond 65535': definition(container({ portMappings: [{ containerPort: 65_536 }] })),
    'ports without a network': {
      ...definition(container({ portMappings: [{ containerPort: 1 }] })),
      networkMode: 'none',
    },
    'too little memory': definition(container({ memory: 5 })),
    'memory below its reservation': definition(container({ memory: 63, memoryReservation: 64 })),
    'an unknown dependency': definition(container({ dependsOn: [{ containerName: 'x', condition: 'START' }] })),
    'a circle': definition(
      container({ dependsOn: [{ containerName: 'b', condition: 'START' }] }),
      container({ name: 'b', links: ['main'] }),
    ),
    'waiting for health without a check': definition(
      container({ dependsOn: [{ containerName: 'b', condition: 'HEALTHY' }] }),
      container({ name: 'b' }),
    ),
    'a health check of another kind': definition(container({ healthCheck: { command: ['true'] } })),
    'an interval of 4': definition(container({ healthCheck: { command: ['CMD', 'true'], interval: 4 } })),
    'a restart period of 59': definition(container({ restartPolicy: { enabled: true, restartAttemptPeriod: 59 } })),
    'an unknown volume': definition(container({ mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] })),
    'a stop timeout of 121 on Fargate': fargate({}, { stopTimeout: 121 }),
    'links outside bridge': {
      ...definition(container({ links: ['b'] }), container({ name: 'b' })),
      networkMode: 'host',
    },
    '64 KiB': definition(container({ command: ['x'.repeat(65_536)] })),
    'a family with a blank': { ...definition(container()), family: 'a b' },
  }
  test.each(Object.keys(cases))('%s', (name) => {
    expect(refusal(() => register(cases[name]!))).toMatch(/^ClientException: ./)
  })
})

describe('sizes', () => {
  test.each([
    [cpuText, '1024', '1024'],
    [cpuText, '1 vCPU', '1024'],
    [cpuText, '.25 vcpu', '256'],
    [memoryText, '1GB', '1024'],
    [memoryText, '0.5 GB', '512'],
    [memoryText, '2048', '2048'],
  ] as const)('%o %s', (read, given, wanted) => {
    expect(read(given)).toBe(wanted)
  })

  test('every spelling means the same size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), (quarters) => {
        expect(cpuText(`${quarters / 4} vCPU`)).toBe(String(quarters * 256))
        expect(memoryText(`${quarters / 4} GB`)).toBe(String(quarters * 256))
      }),
    )
  })

  test("Fargate's own sizes are asked for only where the operator says so", () => {
    const odd = fargate({ cpu: '256', memory: '4096' })
    expect(refusal(() => register(odd))).toBe('accepted')
    expect(refusal(() => register(odd, { ...DEFAULT_OPTIONS, fargateSizes: 'checked' }))).toBe(
      'ClientException: No Fargate configuration exists for given values.',
    )
    const sold = [
      [256, 512],
      [256, 2048],
      [4096, 30_720],
      [8192, 20_480],
      [16_384, 122_880],
    ] as const
    const not = [
      [256, 3072],
      [1024, 1024],
      [8192, 17_408],
      [16_384, 36_864],
      [300, 512],
    ] as const
    expect(sold.map(([cpu, memory]) => isFargateSize(cpu, memory))).toEqual(sold.map(() => true))
    expect(not.map(([cpu, memory]) => isFargateSize(cpu, memory))).toEqual(not.map(() => false))
  })
})

test('memory may be as small as its reservation, as at AWS, whatever its manual says', () => {
  expect(refusal(() => register(definition(container({ memory: 64, memoryReservation: 64 }))))).toBe('accepted')
})
