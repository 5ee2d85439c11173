"""The form of the CronJob that we ship, as JSON Schema: every key is known, every guard is on.

The names follow the API reference of batch/v1. An unknown key is an error here, because the API
server drops one without a word unless it is asked to check.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _closed(required: Schema, optional: Schema | None = None) -> Schema:
    """Return a schema of an object that has ``required``, may have ``optional``, and no more."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def _rows(item: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": item}


_NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 52}
_FOLDER = {"type": "string", "pattern": "^/[^ ]*$"}
_COUNT = {"type": "integer", "minimum": 0}
_LABELS = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}}
_AMOUNT = {"type": "string", "pattern": "^[0-9]+(m|Mi|Gi)?$"}
_META = _closed({"name": _NAME}, {"labels": _LABELS, "annotations": {"type": "object"}})
_ENV = {
    "oneOf": [
        _closed({"name": {"type": "string"}, "value": {"type": "string"}}),
        _closed(
            {
                "name": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
                "valueFrom": _closed(
                    {"secretKeyRef": _closed({"name": _NAME, "key": {"type": "string"}})}
                ),
            }
        ),
    ]
}
_CONTAINER = _closed(
    {
        "name": _NAME,
        "image": {"type": "string", "pattern": "^[^:@]+(:(?!latest)[^:@]+|@sha256:[0-9a-f]{64})$"},
        "imagePullPolicy": {"enum": ["IfNotPresent", "Always"]},
        "command": _rows({"type": "string"}),
        "args": _rows({"type": "string"}),
        "workingDir": _FOLDER,
        "env": _rows(_ENV),
        "resources": _closed(
            {
                "requests": _closed({"cpu": _AMOUNT, "memory": _AMOUNT}),
                "limits": _closed({"memory": _AMOUNT}, {"cpu": _AMOUNT}),
            }
        ),
        "securityContext": _closed(
            {
                "allowPrivilegeEscalation": {"const": False},
                "readOnlyRootFilesystem": {"const": True},
                "capabilities": _closed({"drop": {"const": ["ALL"]}}),
            }
        ),
        "volumeMounts": _rows(
            _closed({"name": _NAME, "mountPath": _FOLDER}, {"readOnly": {"type": "boolean"}})
        ),
    }
)
_VOLUME = {
    "oneOf": [
        _closed({"name": _NAME, "persistentVolumeClaim": _closed({"claimName": _NAME})}),
        _closed({"name": _NAME, "configMap": _closed({"name": _NAME})}),
        _closed({"name": _NAME, "emptyDir": _closed({"sizeLimit": _AMOUNT})}),
    ]
}
_POD = _closed(
    {
        "restartPolicy": {"const": "Never"},
        "serviceAccountName": _NAME,
        "automountServiceAccountToken": {"const": False},
        "terminationGracePeriodSeconds": _COUNT,
        "securityContext": _closed(
            {
                "runAsNonRoot": {"const": True},
                "runAsUser": {"type": "integer", "minimum": 1000},
                "runAsGroup": {"type": "integer", "minimum": 1000},
                "fsGroup": {"type": "integer", "minimum": 1000},
                "seccompProfile": _closed({"type": {"const": "RuntimeDefault"}}),
            }
        ),
        "containers": {**_rows(_CONTAINER), "maxItems": 1},
        "volumes": _rows(_VOLUME),
    }
)
_JOB = _closed(
    {
        "backoffLimit": {"const": 0},
        "activeDeadlineSeconds": {"type": "integer", "minimum": 600, "maximum": 86399},
        "template": _closed({"metadata": _closed({"labels": _LABELS}), "spec": _POD}),
    }
)
CRON_JOB = _closed(
    {
        "apiVersion": {"const": "batch/v1"},
        "kind": {"const": "CronJob"},
        "metadata": _META,
        "spec": _closed(
            {
                "schedule": {"const": "0 2 * * *"},
                "timeZone": {"const": "Etc/UTC"},
                "concurrencyPolicy": {"const": "Forbid"},
                "startingDeadlineSeconds": {"type": "integer", "minimum": 60, "maximum": 86399},
                "successfulJobsHistoryLimit": _COUNT,
                "failedJobsHistoryLimit": {"type": "integer", "minimum": 1},
                "jobTemplate": _closed({"spec": _JOB}),
            }
        ),
    }
)
