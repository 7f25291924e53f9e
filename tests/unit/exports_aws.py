# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds parameters against the description of the EC2 API that the AWS command line itself is made from."""
try:
    import botocore.session
    import botocore.validate
    EC2 = botocore.session.get_session().get_service_model("ec2")
    VALIDATOR = "botocore " + botocore.__version__
except ImportError:
    EC2, VALIDATOR = None, "NOT validated: no python3-botocore"


def validate(call, parameters):
    if EC2:
        report = botocore.validate.ParamValidator().validate(parameters, EC2.operation_model(call).input_shape)
        assert not report.has_errors(), report.generate_report()
