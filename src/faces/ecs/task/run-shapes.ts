import { invalidParameter } from '../errors.ts'
import { tagsShape } from '../tags.ts'
import { flag, integer, list, oneOf, type Shape, structure, text, type ValueOf } from '../wire/shape.ts'
import { taskOverrideShape } from './overrides.ts'

const LAUNCH_TYPES = ['EC2', 'FARGATE', 'EXTERNAL'] as const
export type LaunchType = (typeof LAUNCH_TYPES)[number]

/** Text as in moto's tests, which quote AWS. */
export const launchTypeShape: Shape<LaunchType> = {
  read(value, path) {
    const given = text.read(value, path)
    const known = LAUNCH_TYPES.find((type) => type === given)
    if (known) return known
    throw invalidParameter(`launch type should be one of [${LAUNCH_TYPES.join(',')}]`)
  },
}

const networkConfigurationShape = structure({
  awsvpcConfiguration: structure(
    { subnets: list(text), securityGroups: list(text), assignPublicIp: oneOf('ENABLED', 'DISABLED') },
    ['subnets'],
  ),
})
export type NetworkConfiguration = ValueOf<typeof networkConfigurationShape>

const propagateTagsShape = oneOf('TASK_DEFINITION', 'SERVICE', 'NONE')

const managedVolumeShape = structure(
  {
    encrypted: flag,
    kmsKeyId: text,
    volumeType: text,
    sizeInGiB: integer,
    snapshotId: text,
    volumeInitializationRate: integer,
    iops: integer,
    throughput: integer,
    tagSpecifications: list(
      structure({ resourceType: oneOf('volume'), tags: tagsShape, propagateTags: propagateTagsShape }, [
        'resourceType',
      ]),
    ),
    roleArn: text,
    terminationPolicy: structure({ deleteOnTermination: flag }, ['deleteOnTermination']),
    filesystemType: oneOf('ext3', 'ext4', 'xfs', 'ntfs'),
  },
  ['roleArn'],
)

/** What RunTask and StartTask have in common. */
export const commonRunMembers = {
  cluster: text,
  enableECSManagedTags: flag,
  enableExecuteCommand: flag,
  group: text,
  networkConfiguration: networkConfigurationShape,
  overrides: taskOverrideShape,
  propagateTags: propagateTagsShape,
  referenceId: text,
  startedBy: text,
  tags: tagsShape,
  taskDefinition: text,
  volumeConfigurations: list(structure({ name: text, managedEBSVolume: managedVolumeShape }, ['name'])),
}

const commonRunShape = structure(commonRunMembers)
export type CommonRunInput = ValueOf<typeof commonRunShape>
