#!/usr/bin/env bash
# Builds a Kubernetes control plane and a hollow kubelet from Debian's own source package into FOLDER/bin, in about
# seven minutes on two cores. The sources are fetched by a private apt configuration: the machine's own stays as it is.
# Usage: kubernetes_build.sh FOLDER
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
mkdir -p "$folder"/{bin,home} "$folder"/apt/{lists/partial,archives/partial}

for listed in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
  [ -e "$listed" ] || continue
  case $listed in
    *.sources) sed 's/^Types:.*/Types: deb-src/' "$listed" > "$folder/apt/source.sources" ;;
    *) sed -n 's/^deb \(.*\)/deb-src \1/p' "$listed" > "$folder/apt/source.list" ;;
  esac
  break
done
options=(-o "Dir::Etc::sourcelist=$(ls "$folder"/apt/source.*)" -o Dir::Etc::sourceparts=-
  -o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt")

apt-get "${options[@]}" update -q
mkdir -p "$folder/source" && cd "$folder/source"
apt-get "${options[@]}" source -q --download-only kubernetes
dpkg-source -q -x ./*.dsc tree
cd tree

# Two hollow kubelets on one machine would share one socket, and each would end the other's pods as unknown to it; and a
# list of files that nobody reads is written by many threads at once, of which Go makes an end of the whole program.
cat > pkg/kubelet/cri/remote/fake/endpoint.go << 'GO'
package fake

import "os"

func GenerateEndpoint() (string, error) {
	return "unix://" + os.TempDir() + "/kubelet.sock", nil
}
GO
sed -i -e '/f.Files\[path\] = /d' -e '/f.Removes = append/d' pkg/kubelet/container/testing/os.go

mkdir -p .go/src/k8s.io && ln -sfn ../../.. .go/src/k8s.io/kubernetes
programs=(kube-apiserver kube-controller-manager kube-scheduler kubemark)
GOPATH=$PWD/.go PATH=/usr/lib/go-1.19/bin:$PATH CGO_ENABLED=0 HOME=$folder/home GOPROXY=off GO111MODULE=off GOFLAGS=-p=2 \
  make WHAT="${programs[*]/#/cmd/}"
for program in "${programs[@]}"; do cp _output/local/bin/linux/*/"$program" "$folder/bin/"; done
cd "$folder" && rm -rf source home apt
