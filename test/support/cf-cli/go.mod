module cf-cli

go 1.17

require (
	code.cloudfoundry.org/bytefmt v0.0.0-20170428003108-f4415fafc561
	code.cloudfoundry.org/cfnetworking-cli-api v0.0.0-20190103195135-4b04f26287a6
	code.cloudfoundry.org/cli v7.1.0+incompatible
	code.cloudfoundry.org/cli-plugin-repo v0.0.0-20200304195157-af98c4be9b85
	code.cloudfoundry.org/clock v1.0.0
	code.cloudfoundry.org/go-log-cache v1.0.1-0.20200316170138-f466e0302c34
	code.cloudfoundry.org/go-loggregator v7.4.0+incompatible
	code.cloudfoundry.org/gofileutils v0.0.0-20170111115228-4d0c80011a0f
	code.cloudfoundry.org/jsonry v1.1.0
	code.cloudfoundry.org/tlsconfig v0.0.0-20200131000646-bbe0f8da39b3
	code.cloudfoundry.org/ykk v0.0.0-20170424192843-e4df4ce2fd4d
	github.com/SermoDigital/jose v0.9.2-0.20161205224733-f6df55f235c2
	github.com/blang/semver v3.5.1+incompatible
	github.com/bmatcuk/doublestar v1.3.1
	github.com/charlievieth/fs v0.0.0-20170613215519-7dc373669fa1
	github.com/cloudfoundry/bosh-cli v5.5.1+incompatible
	github.com/cloudfoundry/bosh-utils v0.0.0-20180315210917-c6a922e299b8
	github.com/cloudfoundry/noaa v2.1.1-0.20190110210640-5ce49363dfa6+incompatible
	github.com/cloudfoundry/sonde-go v0.0.0-20171206171820-b33733203bb4
	github.com/cppforlife/go-patch v0.1.0
	github.com/cyphar/filepath-securejoin v0.2.1
	github.com/docker/distribution v2.6.0-rc.1.0.20171109224904-e5b5e44386f7+incompatible
	github.com/fatih/color v1.5.1-0.20170926111411-5df930a27be2
	github.com/golang/protobuf v1.4.2
	github.com/google/go-querystring v0.0.0-20170111101155-53e6ce116135
	github.com/grpc-ecosystem/grpc-gateway v1.14.0
	github.com/jessevdk/go-flags v1.4.1-0.20181221193153-c0795c8afcf4
	github.com/lunixbochs/vtclean v1.0.0
	github.com/mattn/go-colorable v0.1.0
	github.com/mattn/go-isatty v0.0.3
	github.com/mattn/go-runewidth v0.0.5-0.20181218000649-703b5e6b11ae
	github.com/moby/moby v1.4.2-0.20171120205147-9de84a78d76e
	github.com/nu7hatch/gouuid v0.0.0-20131221200532-179d4d0c4d8d
	github.com/opencontainers/go-digest v1.0.0-rc1
	github.com/pkg/errors v0.8.0
	github.com/sabhiram/go-gitignore v0.0.0-20171017070213-362f9845770f
	github.com/sajari/fuzzy v1.0.0
	github.com/sirupsen/logrus v1.0.5
	github.com/tedsuo/rata v1.0.1-0.20170830210128-07d200713958
	github.com/vito/go-interact v0.0.0-20171111012221-fa338ed9e9ec
	google.golang.org/grpc v1.27.1
	gopkg.in/cheggaaa/pb.v1 v1.0.27
	gopkg.in/yaml.v2 v2.3.0
)

require (
	github.com/bmizerany/pat v0.0.0-20170815010413-6226ea591a40 // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/mailru/easyjson v0.0.0-20180323154445-8b799c424f57 // indirect
)

// Versions that the CLI's Gopkg.lock pins and the graph would raise: with a newer protobuf every command warns of itself.
replace (
	github.com/golang/protobuf => github.com/golang/protobuf v1.3.2
	github.com/grpc-ecosystem/grpc-gateway => github.com/grpc-ecosystem/grpc-gateway v1.11.3
	google.golang.org/grpc => google.golang.org/grpc v1.24.0
	gopkg.in/yaml.v2 => gopkg.in/yaml.v2 v2.2.2
)
