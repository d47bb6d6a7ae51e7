/**
 * Launch types and platforms (texts: public issues that quote AWS: amazon-ecs-cli#1040, waypoint#643, aws-ecs-orb#121,
 * sil-org/ecs-deploy#134; PlatformUnknownException: ECS API reference).
 */
import { AwsError, invalidParameter } from '../errors.ts'
import type { TaskDefinition } from '../task-definition/task-definition.ts'
import type { LaunchType, NetworkConfiguration } from './run-shapes.ts'

export interface Platform {
  readonly launchType?: LaunchType
  readonly platformVersion?: string
  readonly networkConfiguration?: NetworkConfiguration
}

/** Fargate's for Linux, newest last; `LATEST` is the last one. */
const PLATFORM_VERSIONS = ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', 'LATEST']

/** `fargate`: the tasks run there, by launch type or capacity provider. */
export function checkPlatform(given: Platform, definition: TaskDefinition, fargate: boolean): void {
  const launchType = fargate ? 'FARGATE' : given.launchType
  if (launchType !== undefined && !definition.compatibilities.includes(launchType))
    throw invalidParameter(`Task definition does not support launch_type ${launchType}.`)
  if (fargate) checkVersion(given.platformVersion)
  else if (launchType !== undefined) checkOwnInstances(given)
}

function checkVersion(version: string | undefined): void {
  if (version !== undefined && version !== '' && !PLATFORM_VERSIONS.includes(version))
    throw new AwsError('PlatformUnknownException', 'The specified platform does not exist.')
}

/** Only who asks for EC2 or EXTERNAL in so many words is told what these do not have. */
function checkOwnInstances({ platformVersion, networkConfiguration }: Platform): void {
  if (platformVersion !== undefined && platformVersion !== '')
    throw invalidParameter('The platform version must be null when specifying an EC2 launch type.')
  if (networkConfiguration?.awsvpcConfiguration?.assignPublicIp === 'ENABLED')
    throw invalidParameter('Assign public IP is not supported for this launch type.')
}
