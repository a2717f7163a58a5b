"""Which models are for demonstration alone."""

from dataclasses import replace

from rostfine_core.domain import ModelInfo


def test_only_a_simulated_data_set_makes_a_demonstration_model() -> None:
    info = ModelInfo(
        file_name="m",
        sha256="0",
        dataset_kind="simulated",
        config_json="{}",
        preprocessing_json="{}",
    )
    assert info.is_demonstration
    assert not replace(info, dataset_kind="Clinic 2027").is_demonstration
