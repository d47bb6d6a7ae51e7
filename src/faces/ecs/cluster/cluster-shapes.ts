import { flag, integer, list, oneOf, type Shape, structure, text, type ValueOf } from '../wire/shape.ts'

export const strategyItemShape = structure({ capacityProvider: text, weight: integer, base: integer }, [
  'capacityProvider',
])
export type StrategyItem = ValueOf<typeof strategyItemShape>

export const settingsShape = list(structure({ name: oneOf('containerInsights'), value: text }))

export const configurationShape: Shape<object> = structure({
  executeCommandConfiguration: structure({
    kmsKeyId: text,
    logging: oneOf('NONE', 'DEFAULT', 'OVERRIDE'),
    logConfiguration: structure({
      cloudWatchLogGroupName: text,
      cloudWatchEncryptionEnabled: flag,
      s3BucketName: text,
      s3EncryptionEnabled: flag,
      s3KeyPrefix: text,
    }),
  }),
  managedStorageConfiguration: structure({ kmsKeyId: text, fargateEphemeralStorageKmsKeyId: text }),
})

export const serviceConnectShape = structure({ namespace: text }, ['namespace'])
