"""Passes results on as HL7 FHIR R4."""

from rostfine_core.fhir.bundle import fhir_bundle, write_fhir

__all__ = ["fhir_bundle", "write_fhir"]
