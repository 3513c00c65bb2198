#!/usr/bin/env python3
"""Ships a release of netra to Cloud Run, beneath a live run of greenboard and nowhere else.

Its first act is `greenboard guard`. Whatever fails ends it with a status that is not 0:
greenboard believes the status of this script, and then verifies what it left behind.
"""
import argparse
import os
import re
import subprocess
import sys

SERVICES = ("netra-auth-service", "netra-backend-staging")
LABEL = "greenboard-fence"  # on each service: which run shipped it last
USAGE, BUSY = 64, 75  # as sysexits.h has them


def end(status, text):
    print(f"deploy_to_gcp: {text}", file=sys.stderr)
    sys.exit(status)


def guard():
    """Goes on only where a live run of greenboard has started us."""
    try:
        status = subprocess.call(["greenboard", "guard"])
    except OSError as error:
        end(1, f"cannot ask greenboard, nothing was deployed: {error}")
    if status != 0:
        sys.exit(status)


def gcloud(*words, capture=False):
    """What gcloud prints; ends us where it fails, with its status."""
    output = subprocess.PIPE if capture else None
    try:
        done = subprocess.run(["gcloud", *words], stdout=output, text=True, check=False)
    except OSError as error:
        end(1, f"cannot run gcloud: {error}")
    if done.returncode != 0:
        status = done.returncode if done.returncode > 0 else 128 - done.returncode
        end(status, f"gcloud {words[0]} {words[1]} {words[2]} failed with status {status}")
    return done.stdout


def refuse_if_overtaken(service, place, fence):
    """A run that slept must not undo what a later one has shipped."""
    shipped = gcloud("run", "services", "list", *place, f"--filter=metadata.name={service}",
                     f"--format=value(metadata.labels.{LABEL})", capture=True).strip()
    if shipped.isdigit() and int(shipped) > fence:
        end(BUSY, f"{service} was shipped by a later run ({shipped}, this is {fence})")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", default="us-central1")
    return parser.parse_args()


def main():
    guard()
    asked = arguments()
    release, fence = os.environ.get("GREENBOARD_RELEASE", ""), os.environ["GREENBOARD_FENCE"]
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", release):
        end(USAGE, f"\"{release}\" cannot be the tag of an image")
    place = (f"--project={asked.project}", f"--region={asked.region}")
    images = f"{asked.region}-docker.pkg.dev/{asked.project}/netra"
    for service in SERVICES:
        refuse_if_overtaken(service, place, int(fence))
        print(f"==> {service} {release}", flush=True)
        gcloud("run", "deploy", service, *place, f"--image={images}/{service}:{release}",
               f"--update-labels={LABEL}={fence}")
    print("done", flush=True)


if __name__ == "__main__":
    main()
