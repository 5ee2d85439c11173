"""Amazon ECR, ECR basic scanning and Amazon Inspector."""
