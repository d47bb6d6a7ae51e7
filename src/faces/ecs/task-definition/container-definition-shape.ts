/** What a container definition may hold (ECS API reference, ContainerDefinition). All of it is kept and given back. */
import { flag, integer, list, map, oneOf, structure, text, type ValueOf } from '../wire/shape.ts'

export const keyValueShape = structure({ name: text, value: text })
export const environmentFileShape = structure({ value: text, type: oneOf('s3') }, ['value', 'type'])
export const resourceRequirementShape = structure({ value: text, type: oneOf('GPU', 'InferenceAccelerator') }, [
  'value',
  'type',
])
const secretShape = structure({ name: text, valueFrom: text }, ['name', 'valueFrom'])

const portMappingShape = structure({
  containerPort: integer,
  hostPort: integer,
  protocol: oneOf('tcp', 'udp'),
  name: text,
  appProtocol: oneOf('http', 'http2', 'grpc'),
  containerPortRange: text,
})

const linuxParametersShape = structure({
  capabilities: structure({ add: list(text), drop: list(text) }),
  devices: list(
    structure({ hostPath: text, containerPath: text, permissions: list(oneOf('read', 'write', 'mknod')) }, [
      'hostPath',
    ]),
  ),
  initProcessEnabled: flag,
  sharedMemorySize: integer,
  tmpfs: list(structure({ containerPath: text, size: integer, mountOptions: list(text) }, ['containerPath', 'size'])),
  maxSwap: integer,
  swappiness: integer,
})

const logConfigurationShape = structure(
  {
    logDriver: oneOf('json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'awsfirelens'),
    options: map(),
    secretOptions: list(secretShape),
  },
  ['logDriver'],
)

const ulimitShape = structure(
  {
    name: oneOf(
      'core',
      'cpu',
      'data',
      'fsize',
      'locks',
      'memlock',
      'msgqueue',
      'nice',
      'nofile',
      'nproc',
      'rss',
      'rtprio',
      'rttime',
      'sigpending',
      'stack',
    ),
    softLimit: integer,
    hardLimit: integer,
  },
  ['name', 'softLimit', 'hardLimit'],
)

const healthCheckShape = structure(
  { command: list(text), interval: integer, timeout: integer, retries: integer, startPeriod: integer },
  ['command'],
)

const dependencyShape = structure(
  { containerName: text, condition: oneOf('START', 'COMPLETE', 'SUCCESS', 'HEALTHY') },
  ['containerName', 'condition'],
)

const restartPolicyShape = structure(
  { enabled: flag, ignoredExitCodes: list(integer), restartAttemptPeriod: integer },
  ['enabled'],
)

export const containerDefinitionShape = structure({
  name: text,
  image: text,
  repositoryCredentials: structure({ credentialsParameter: text }, ['credentialsParameter']),
  cpu: integer,
  memory: integer,
  memoryReservation: integer,
  links: list(text),
  portMappings: list(portMappingShape),
  essential: flag,
  restartPolicy: restartPolicyShape,
  entryPoint: list(text),
  command: list(text),
  environment: list(keyValueShape),
  environmentFiles: list(environmentFileShape),
  mountPoints: list(structure({ sourceVolume: text, containerPath: text, readOnly: flag })),
  volumesFrom: list(structure({ sourceContainer: text, readOnly: flag })),
  linuxParameters: linuxParametersShape,
  secrets: list(secretShape),
  dependsOn: list(dependencyShape),
  startTimeout: integer,
  stopTimeout: integer,
  versionConsistency: oneOf('enabled', 'disabled'),
  hostname: text,
  user: text,
  workingDirectory: text,
  disableNetworking: flag,
  privileged: flag,
  readonlyRootFilesystem: flag,
  dnsServers: list(text),
  dnsSearchDomains: list(text),
  extraHosts: list(structure({ hostname: text, ipAddress: text }, ['hostname', 'ipAddress'])),
  dockerSecurityOptions: list(text),
  interactive: flag,
  pseudoTerminal: flag,
  dockerLabels: map(),
  ulimits: list(ulimitShape),
  logConfiguration: logConfigurationShape,
  healthCheck: healthCheckShape,
  systemControls: list(structure({ namespace: text, value: text })),
  resourceRequirements: list(resourceRequirementShape),
  firelensConfiguration: structure({ type: oneOf('fluentd', 'fluentbit'), options: map() }, ['type']),
  credentialSpecs: list(text),
})

export type ContainerDefinitionInput = ValueOf<typeof containerDefinitionShape>
export type PortMapping = ValueOf<typeof portMappingShape>
export type KeyValue = ValueOf<typeof keyValueShape>
