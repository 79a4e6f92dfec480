"""Requests as the official client's own models."""

from datadog_api_client.v2.model.allocation_data_request import AllocationDataRequest
from datadog_api_client.v2.model.allocation_data_type import AllocationDataType
from datadog_api_client.v2.model.allocation_type import AllocationType
from datadog_api_client.v2.model.condition_operator import ConditionOperator
from datadog_api_client.v2.model.condition_request import ConditionRequest
from datadog_api_client.v2.model.create_allocations_request import CreateAllocationsRequest
from datadog_api_client.v2.model.create_environment_attributes import CreateEnvironmentAttributes
from datadog_api_client.v2.model.create_environment_data import CreateEnvironmentData
from datadog_api_client.v2.model.create_environment_data_type import CreateEnvironmentDataType
from datadog_api_client.v2.model.create_environment_request import CreateEnvironmentRequest
from datadog_api_client.v2.model.create_feature_flag_attributes import CreateFeatureFlagAttributes
from datadog_api_client.v2.model.create_feature_flag_data import CreateFeatureFlagData
from datadog_api_client.v2.model.create_feature_flag_data_type import CreateFeatureFlagDataType
from datadog_api_client.v2.model.create_feature_flag_request import CreateFeatureFlagRequest
from datadog_api_client.v2.model.create_variant import CreateVariant
from datadog_api_client.v2.model.exposure_rollout_step_request import ExposureRolloutStepRequest
from datadog_api_client.v2.model.exposure_schedule_request import ExposureScheduleRequest
from datadog_api_client.v2.model.guardrail_metric_request import GuardrailMetricRequest
from datadog_api_client.v2.model.guardrail_trigger_action import GuardrailTriggerAction
from datadog_api_client.v2.model.overwrite_allocations_request import OverwriteAllocationsRequest
from datadog_api_client.v2.model.rollout_options_request import RolloutOptionsRequest
from datadog_api_client.v2.model.rollout_strategy import RolloutStrategy
from datadog_api_client.v2.model.targeting_rule_request import TargetingRuleRequest
from datadog_api_client.v2.model.update_environment_attributes import UpdateEnvironmentAttributes
from datadog_api_client.v2.model.update_environment_data import UpdateEnvironmentData
from datadog_api_client.v2.model.update_environment_data_type import UpdateEnvironmentDataType
from datadog_api_client.v2.model.update_environment_request import UpdateEnvironmentRequest
from datadog_api_client.v2.model.update_feature_flag_attributes import UpdateFeatureFlagAttributes
from datadog_api_client.v2.model.update_feature_flag_data import UpdateFeatureFlagData
from datadog_api_client.v2.model.update_feature_flag_data_type import UpdateFeatureFlagDataType
from datadog_api_client.v2.model.update_feature_flag_request import UpdateFeatureFlagRequest
from datadog_api_client.v2.model.upsert_allocation_request import UpsertAllocationRequest
from datadog_api_client.v2.model.value_type import ValueType
from datadog_api_client.v2.model.variant_weight_request import VariantWeightRequest


def variants(**values: str) -> list[CreateVariant]:
    return [CreateVariant(key=key, name=key.title(), value=value) for key, value in values.items()]


def new_flag(key: str, value_type: str, values: list[CreateVariant], **more) -> CreateFeatureFlagRequest:
    attributes = CreateFeatureFlagAttributes(
        key=key, name=f"Flag {key}", value_type=ValueType(value_type), variants=values, **more
    )
    data = CreateFeatureFlagData(type=CreateFeatureFlagDataType("feature-flags"), attributes=attributes)
    return CreateFeatureFlagRequest(data=data)


def boolean_flag(key: str, **more) -> CreateFeatureFlagRequest:
    return new_flag(key, "BOOLEAN", variants(on="true", off="false"), **more)


def text_flag(key: str, **more) -> CreateFeatureFlagRequest:
    return new_flag(key, "STRING", variants(a="alpha", b="beta", c="gamma"), **more)


def flag_update(**attributes) -> UpdateFeatureFlagRequest:
    data = UpdateFeatureFlagData(
        type=UpdateFeatureFlagDataType("feature-flags"), attributes=UpdateFeatureFlagAttributes(**attributes)
    )
    return UpdateFeatureFlagRequest(data=data)


def new_environment(name: str, queries: list[str], **more) -> CreateEnvironmentRequest:
    attributes = CreateEnvironmentAttributes(name=name, queries=queries, **more)
    data = CreateEnvironmentData(type=CreateEnvironmentDataType("environments"), attributes=attributes)
    return CreateEnvironmentRequest(data=data)


def environment_update(**attributes) -> UpdateEnvironmentRequest:
    data = UpdateEnvironmentData(
        type=UpdateEnvironmentDataType("environments"), attributes=UpdateEnvironmentAttributes(**attributes)
    )
    return UpdateEnvironmentRequest(data=data)


def condition(attribute: str, operator: str, *values: str) -> ConditionRequest:
    return ConditionRequest(attribute=attribute, operator=ConditionOperator(operator), value=list(values))


def rule(*conditions: ConditionRequest) -> TargetingRuleRequest:
    return TargetingRuleRequest(conditions=list(conditions))


def weights(**shares: float) -> list[VariantWeightRequest]:
    return [VariantWeightRequest(variant_key=key, value=float(value)) for key, value in shares.items()]


def step(ratio: float, group: int, **more) -> ExposureRolloutStepRequest:
    return ExposureRolloutStepRequest(
        exposure_ratio=ratio, grouped_step_index=group, is_pause_record=False, **more
    )


def schedule(strategy: str, steps: list[ExposureRolloutStepRequest], *, options=None, **more) -> ExposureScheduleRequest:
    rollout_options = RolloutOptionsRequest(strategy=RolloutStrategy(strategy), **(options or {}))
    return ExposureScheduleRequest(rollout_options=rollout_options, rollout_steps=steps, **more)


def guardrail(metric: str, action: str) -> GuardrailMetricRequest:
    return GuardrailMetricRequest(metric_id=metric, trigger_action=GuardrailTriggerAction(action))


def allocation(key: str, kind: str = "FEATURE_GATE", **more) -> AllocationDataRequest:
    attributes = UpsertAllocationRequest(key=key, name=f"Allocation {key}", type=AllocationType(kind), **more)
    return AllocationDataRequest(type=AllocationDataType("allocations"), attributes=attributes)


def create(data: AllocationDataRequest) -> CreateAllocationsRequest:
    return CreateAllocationsRequest(data=data)


def overwrite(*data: AllocationDataRequest) -> OverwriteAllocationsRequest:
    return OverwriteAllocationsRequest(data=list(data))
