import { tagsShape } from '../tags.ts'
import { flag, integer, list, map, oneOf, structure, text, type ValueOf } from '../wire/shape.ts'
import { containerDefinitionShape, keyValueShape } from './container-definition-shape.ts'

const onOff = oneOf('ENABLED', 'DISABLED')

const volumeShape = structure({
  name: text,
  host: structure({ sourcePath: text }),
  dockerVolumeConfiguration: structure({
    scope: oneOf('task', 'shared'),
    autoprovision: flag,
    driver: text,
    driverOpts: map(),
    labels: map(),
  }),
  efsVolumeConfiguration: structure(
    {
      fileSystemId: text,
      rootDirectory: text,
      transitEncryption: onOff,
      transitEncryptionPort: integer,
      authorizationConfig: structure({ accessPointId: text, iam: onOff }),
    },
    ['fileSystemId'],
  ),
  s3filesVolumeConfiguration: structure(
    { fileSystemArn: text, rootDirectory: text, transitEncryptionPort: integer, accessPointArn: text },
    ['fileSystemArn'],
  ),
  fsxWindowsFileServerVolumeConfiguration: structure(
    {
      fileSystemId: text,
      rootDirectory: text,
      authorizationConfig: structure({ credentialsParameter: text, domain: text }, ['credentialsParameter', 'domain']),
    },
    ['fileSystemId', 'rootDirectory', 'authorizationConfig'],
  ),
  configuredAtLaunch: flag,
})

const runtimePlatformShape = structure({
  cpuArchitecture: oneOf('X86_64', 'ARM64'),
  operatingSystemFamily: oneOf(
    'WINDOWS_SERVER_2019_FULL',
    'WINDOWS_SERVER_2019_CORE',
    'WINDOWS_SERVER_2016_FULL',
    'WINDOWS_SERVER_2004_CORE',
    'WINDOWS_SERVER_2022_CORE',
    'WINDOWS_SERVER_2022_FULL',
    'WINDOWS_SERVER_2025_CORE',
    'WINDOWS_SERVER_2025_FULL',
    'WINDOWS_SERVER_20H2_CORE',
    'LINUX',
  ),
})

const taskDefinitionMembers = {
  taskRoleArn: text,
  executionRoleArn: text,
  networkMode: oneOf('bridge', 'host', 'awsvpc', 'none'),
  containerDefinitions: list(containerDefinitionShape),
  volumes: list(volumeShape),
  placementConstraints: list(structure({ type: oneOf('memberOf'), expression: text })),
  requiresCompatibilities: list(oneOf('EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES')),
  cpu: text,
  memory: text,
  pidMode: oneOf('host', 'task'),
  ipcMode: oneOf('host', 'task', 'none'),
  proxyConfiguration: structure({ type: oneOf('APPMESH'), containerName: text, properties: list(keyValueShape) }, [
    'containerName',
  ]),
  inferenceAccelerators: list(structure({ deviceName: text, deviceType: text }, ['deviceName', 'deviceType'])),
  ephemeralStorage: structure({ sizeInGiB: integer }, ['sizeInGiB']),
  runtimePlatform: runtimePlatformShape,
  enableFaultInjection: flag,
}

export const registerTaskDefinitionShape = structure({ family: text, ...taskDefinitionMembers, tags: tagsShape })

export type RegisterTaskDefinitionInput = ValueOf<typeof registerTaskDefinitionShape>
